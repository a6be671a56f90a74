"""Trace accuracy against joules per request over every setting of a hybrid's threshold, and summarise it as AIQ.

AIQ: Q. J. Hu and others, "RouterBench: A Benchmark for Multi-LLM Routing System" (2024), arXiv 2403.12031.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.decision.prices import corners
from wattbench_reports.routing.hybrids.hybrid_and_members import Bench
from wattbench_reports.routing.hybrids.other_choices import Choice
from wattbench_reports.tables.suite_record import SystemSettings


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


def frontier_of(measured: Measured, bench: Bench, choices: Sequence[Choice]) -> Frontier:
    """Build the curve of one hybrid, and the points of its members."""
    curve = curve_of(measured, bench)
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


@dataclass(frozen=True)
class ThresholdCurve:
    """Figures at each setting of one threshold, from the one that keeps the most answers to none."""

    setting: str
    """``min_score`` and ``margin``: below it the fallback answers. ``min_confidence``: below it the next member is
    asked."""
    instead: str
    """The member that answers below the threshold."""
    at: float | None
    """The threshold that the hybrid ran with; None where it is not on record."""
    upwards: bool
    """Whether only higher thresholds can be evaluated: below it the first choice is not on record."""
    threshold: NDArray[np.float64]
    """Shape (settings,), rising; the last is infinite: no answer is confident enough."""
    kept: NDArray[np.float64]
    """Shape (settings,): the share of answers at or above it."""
    accuracy: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    """Shape (settings,): joules per request, the router's own with them."""
    items: int

    def chosen(self, settings: int) -> NDArray[np.int64]:
        """Return some of the settings, evenly spread over the share of answers that is kept, both ends included."""
        want = np.linspace(self.kept[-1], self.kept[0], settings)
        indices = np.searchsorted(self.kept[::-1], want - 1e-12)
        return np.unique(len(self.kept) - 1 - np.minimum(indices, len(self.kept) - 1))


@dataclass(frozen=True)
class _Rule:
    """The systems that answer above and below the threshold."""

    setting: str
    instead: str
    first: str | None
    """For a cascade: the member that is always asked."""
    at: float | None


def curve_of(measured: Measured, bench: Bench) -> ThresholdCurve | str:
    """Sweep the threshold; or return why that is not possible, empty where the router has no threshold at all."""
    rule = _rule(measured.frames.record.suite.systems.get(bench.hybrid.system, SystemSettings()))
    if isinstance(rule, str):
        return rule
    unknown = [name for name in (rule.first, rule.instead) if name is not None and name not in bench.present]
    if unknown:
        return f"{unknown[0]} is not in this run as a system of its own"
    if bench.no_joules:
        return f"joules are not compared, as {bench.no_joules}"
    if not np.isfinite(bench.hybrid.frame["route_score"].to_numpy(dtype=np.float64)).any():
        return "no scores of its router are recorded"
    return _sweep(bench, rule)


def _rule(config: SystemSettings) -> _Rule | str:
    router, members = config.router, config.members
    if router is None or members is None:
        return ""
    if router.type in {"classifier", "llm"}:
        if config.fallback is None or config.fallback not in members:
            return "it has no fallback, so a threshold would change nothing"
        return _Rule("min_score", members[config.fallback], None, router.min_score)
    if router.type == "predicted" and config.fallback in members:
        return _Rule("margin", members[str(config.fallback)], None, router.margin or 0.0)
    if router.type == "cascade":
        order = [members.get(label, "") for label in router.order]
        if len(order) != 2:
            return (
                "with more than two members in its cascade, the confidence of a member that only another threshold "
                "would ask is not recorded"
            )
        return _Rule("min_confidence", order[1], order[0], router.threshold)
    return ""


def _sweep(bench: Bench, rule: _Rule) -> ThresholdCurve | str:
    """Keep answers above the threshold, and use the other member's below it, by sums over sorted scores."""
    frame, matrix = bench.hybrid.frame, bench.matrix
    columns = matrix.columns(bench.present)
    metered = np.zeros(len(matrix.domain), dtype=bool)
    metered[bench.rows] = np.isfinite(matrix.energy_j[np.ix_(bench.rows, columns)]).all(axis=1)
    row = frame["row"].to_numpy()
    # A member that is not in the run can't be replayed, and its items are left out.
    column = np.full(len(frame), matrix.systems.index(rule.first)) if rule.first else _answering(bench)
    use = metered[row] & (column >= 0)
    row, column, frame = row[use], column[use], frame[use]
    if not len(row):
        return "no item has joules for all of its members"
    score = frame["route_score"].to_numpy(dtype=np.float64)
    other = matrix.systems.index(rule.instead)
    able = np.isfinite(score)
    if rule.first is None and rule.at is not None:
        able &= score >= rule.at  # below, the fallback answered: whom the router would have chosen is not known
    keep_j = matrix.energy_j[row, column]
    else_j = matrix.energy_j[row, other] + (matrix.energy_j[row, column] if rule.first else 0.0)
    router_j = 0.0 if rule.first else frame["router_energy_j"].fillna(0.0).to_numpy(dtype=np.float64)
    # The repeats of an item share its weight.
    weight = 1.0 / np.bincount(row)[row]
    weight /= weight.sum()
    order = np.flatnonzero(able)[np.argsort(-score[able], kind="stable")]
    sorted_scores = score[order]
    last = np.concatenate((np.diff(sorted_scores) < 0, np.ones(min(len(order), 1), dtype=bool)))
    taken = np.flatnonzero(last)  # all answers with the same score are taken together

    def along(kept: NDArray[np.float64], instead: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted mean with no answer kept, then with ever more answers kept."""
        gain = np.cumsum(weight[order] * (kept - instead)[order])
        return np.asarray(float(weight @ instead) + np.concatenate(([0.0], gain[taken])))

    nothing, one = np.zeros(len(row)), np.ones(len(row))
    return ThresholdCurve(
        setting=rule.setting,
        instead=rule.instead,
        at=rule.at,
        upwards=rule.first is None and (rule.setting == "margin" or rule.at is None or rule.at > 0),
        threshold=np.concatenate(([math.inf], sorted_scores[taken]))[::-1],
        kept=along(one, nothing)[::-1],
        accuracy=along(matrix.score[row, column], matrix.score[row, other])[::-1],
        energy_j=along(keep_j + router_j, else_j + router_j)[::-1],
        items=len(np.unique(row)),
    )


def _answering(bench: Bench) -> NDArray[np.int64]:
    """Return the matrix column of the member that gave each answer; -1 for one that is not in the run."""
    systems = bench.matrix.systems
    columns = [systems.index(name) if name in bench.present else -1 for name in bench.hybrid.names]
    return np.array(columns, dtype=np.int64)[bench.hybrid.answered_by]
