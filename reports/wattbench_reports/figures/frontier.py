"""A hybrid's accuracy against its joules at every threshold, with its members."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.chart import Colour, Plot, path, percent_tick, polyline, share_scale
from wattbench_reports.figures.decision_geometry import Scale, cost_scale
from wattbench_reports.figures.flowing_legend import SAMPLE, LegendEntry, line_sample
from wattbench_reports.figures.marks import mark_at
from wattbench_reports.figures.shared import colour, tick, with_variables
from wattbench_reports.figures.wide_figure import Axis, wide_figure
from wattbench_reports.formatting import units

_MARK, _POINT = 9.0, 4.0
"""The width of a system's shape, and of a threshold's point."""
_DASH = "6 3"
_FAINT = 0.55
"""Opacity of the hulls."""


@dataclass(frozen=True)
class FrontierLine:
    """A line in joules per request and accuracy."""

    label: str
    energy_j: NDArray[np.float64]
    accuracy: NDArray[np.float64]


@dataclass(frozen=True)
class Dot:
    """One system, or one router."""

    label: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    energy_j: float
    accuracy: float
    hollow: bool = False


def frontier(
    curve: FrontierLine,
    hull: FrontierLine,
    mix: FrontierLine,
    dots: Sequence[Dot],
    *,
    series: int,
    description: str,
    name: str,
) -> str:
    """Plot the thresholds, the two hulls, and single systems. Better is up and left.

    Args:
        curve: every threshold that is plotted.
        hull: the corners of the thresholds' non-decreasing hull.
        mix: the corners of the members' hull.
        dots: members, the live hybrid, and routers.
        series: the hybrid's index among all systems.
        description: of the plot, in a sentence.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    ink = with_variables(colour(series))
    lines = (_StyledLine(curve, ink, 1.0), _StyledLine(hull, ink, 2.2, opacity=_FAINT),
             _StyledLine(mix, Colour.INK, 1.2, dash=_DASH, opacity=_FAINT))  # fmt: skip
    across = cost_scale([*curve.energy_j.tolist(), *(dot.energy_j for dot in dots)])
    shares = [*curve.accuracy.tolist(), *(dot.accuracy for dot in dots)]
    up = share_scale([0.0, *filter(math.isfinite, shares)])
    described = "; ".join(f"{d.label}: {units.percent(d.accuracy)} at {units.quantity(d.energy_j, 'J')}" for d in dots)

    def drawn(plot: Plot) -> Iterator[str]:
        for line in lines:
            yield line.path(plot, across, up)
        for x, y in _places(plot, across, up, curve.energy_j, curve.accuracy):
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_POINT / 2:g}" fill="{ink}"/>'
        for dot in dots:
            if not math.isfinite(dot.energy_j + dot.accuracy):
                continue
            x, y = plot.across(across, dot.energy_j), plot.up(up, dot.accuracy)
            yield mark_at(dot.series, x, y, _MARK, hollow=dot.hollow)

    return wide_figure(
        name,
        "Accuracy against joules per request at every threshold",
        f"{description} {described}.",
        [*(line.entry() for line in lines), *map(_entry, dots)],
        Axis("joules per request", across, lambda value: tick(value, "J")),
        Axis("accuracy, %", up, percent_tick),
        drawn,
    )


@dataclass(frozen=True)
class _StyledLine:
    """How a line is drawn."""

    of: FrontierLine
    ink: str
    width: float
    dash: str = ""
    opacity: float = 1.0

    def path(self, plot: Plot, across: Scale, up: Scale) -> str:
        places = _places(plot, across, up, *_dense(self.of))
        return path(polyline(places), self.ink, self.width, dash=self.dash, opacity=self.opacity) if places else ""

    def entry(self) -> LegendEntry:
        return LegendEntry(self.of.label, lambda x, y: line_sample(x, y, self.ink, self.width, dash=self.dash))


def _entry(dot: Dot) -> LegendEntry:
    return LegendEntry(dot.label, lambda x, y: mark_at(dot.series, x + SAMPLE / 2, y, _MARK, hollow=dot.hollow))


def _places(
    plot: Plot, across: Scale, up: Scale, energy_j: NDArray[np.float64], accuracy: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Return where points are; those without joules or an accuracy are left out."""
    known = np.isfinite(energy_j + accuracy)
    pairs = zip(energy_j[known].tolist(), accuracy[known].tolist(), strict=True)
    return [(plot.across(across, joules), plot.up(up, share)) for joules, share in pairs]


def _dense(line: FrontierLine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add points on the same lines, which a logarithmic axis bends."""
    if len(line.energy_j) < 2:
        return line.energy_j, line.accuracy
    at = np.unique(np.concatenate((np.linspace(line.energy_j[0], line.energy_j[-1], 60), line.energy_j)))
    return at, np.interp(at, line.energy_j, line.accuracy)
