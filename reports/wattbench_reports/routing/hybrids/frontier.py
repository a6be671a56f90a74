"""Trace accuracy against joules per request over every setting of a hybrid's threshold, and summarise it as AIQ.

AIQ: Q. J. Hu and others, "RouterBench: A Benchmark for Multi-LLM Routing System" (2024), arXiv 2403.12031.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.prices import corners
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench
from wattbench_reports.routing.hybrids.other_choices import Choice
from wattbench_reports.routing.hybrids.threshold_sweep import ThresholdCurve, curve_of


@dataclass(frozen=True)
class Spot:
    """A system or a choice at its joules per request and its accuracy."""

    name: str
    energy_j: float
    accuracy: float


@dataclass(frozen=True)
class Frontier:
    """The threshold curve of one hybrid, its members and the hull."""

    system: str
    curve: ThresholdCurve | None
    """None where its threshold can't be swept."""
    why_not: str
    """Why; empty where it could, or where its router has no threshold."""
    members: tuple[Spot, ...]
    """Each that is in the run alone, over the same items."""
    choices: tuple[Spot, ...]
    """Routers of a file."""
    live: Spot | None
    hull: tuple[NDArray[np.float64], NDArray[np.float64]]
    """Joules and accuracy at its corners; empty without a curve."""
    all_members: bool = True
    """Whether all members are in the run: a mix of some of them is not the best mix."""


@dataclass(frozen=True)
class Quality:
    """AIQ over one range of joules, the same for all hybrids of a run."""

    low_j: float
    high_j: float
    routers: Mapping[str, float]
    """By hybrid."""
    mixes: Mapping[str, float]
    """By hybrid: of mixing its members at random, in the best shares."""


def frontier_of(analysis: Analysis, bench: Bench, choices: Sequence[Choice]) -> Frontier:
    """Build the curve of one hybrid, and the points of its members."""
    curve = curve_of(analysis, bench)
    live = bench.live
    spots = []
    for name, column in zip(bench.present, bench.matrix.columns(bench.present), strict=True):
        energy_j = bench.matrix.energy_j[bench.rows, column]
        known = np.isfinite(energy_j)
        if known.any():
            spots.append(
                Spot(name, float(energy_j[known].mean()), float(bench.matrix.score[bench.rows, column].mean()))
            )
    swept = None if isinstance(curve, str) else curve
    hull = (np.empty(0), np.empty(0)) if swept is None else hull_of(swept.energy_j, swept.accuracy)
    return Frontier(
        system=bench.hybrid.system,
        curve=swept,
        why_not=curve if isinstance(curve, str) else "",
        members=tuple(spots),
        choices=tuple(spot for each in choices if each.kind == "file" and (spot := _spot(each)) is not None),
        live=None
        if live.j_per_request is None or live.accuracy is None
        else Spot(bench.hybrid.system, live.j_per_request, live.accuracy),
        hull=hull,
        all_members=not bench.missing,
    )


def _spot(choice: Choice) -> Spot | None:
    energy_j, accuracy = choice.outcome.j_per_request, choice.outcome.accuracy
    return None if energy_j is None or accuracy is None else Spot(choice.name, energy_j, accuracy)


def quality_of(frontiers: Sequence[Frontier]) -> Quality | None:
    """Compute the AIQ of every hybrid with a curve and all its members, over one range of joules for all of them."""
    swept = [(each, each.curve) for each in frontiers if each.curve is not None and each.members and each.all_members]
    if not swept:
        return None
    members = [spot.energy_j for each, _ in swept for spot in each.members]
    low = min(members)
    high = max(*members, *(float(curve.energy_j.max()) for _, curve in swept))
    if high <= low:
        return None
    return Quality(
        low_j=low,
        high_j=high,
        routers={each.system: aiq(curve.energy_j, curve.accuracy, low, high) for each, curve in swept},
        mixes={
            each.system: aiq(
                np.array([spot.energy_j for spot in each.members]),
                np.array([spot.accuracy for spot in each.members]),
                low,
                high,
            )
            for each, _ in swept
        },
    )


def hull_of(cost: NDArray[np.float64], quality: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return cost and quality at the corners of the upper convex hull, both rising: what mixing points at random gives.

    Args:
        cost: shape (points,), at least one.
        quality: the same shape.
    """
    at = corners(cost.tolist(), quality.tolist(), range(len(cost)))
    return cost[at], quality[at]


def aiq(cost: NDArray[np.float64], quality: NDArray[np.float64], low: float, high: float) -> float:
    """Compute the average improvement in quality: the mean height of the non-decreasing hull from one cost to another.

    Below the cheapest point the line runs straight to no cost and no quality, which is what answering only a share of
    the requests gives; beyond the most expensive useful one it stays level. So one range fits all routers.

    Args:
        cost: shape (points,), positive.
        quality: the same shape.
        low: where the range begins.
        high: where it ends, above `low`.
    """
    costs, heights = (np.concatenate(([0.0], each)) for each in hull_of(cost, quality))
    at = np.unique(np.concatenate(([low, high], costs[(costs > low) & (costs < high)])))
    height = np.interp(at, costs, heights)
    area = float((np.diff(at) * (height[1:] + height[:-1]) / 2).sum())
    return area / (high - low)
