"""Draws a hybrid's accuracy against its joules at every threshold, with its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.drawing import Drawing, short
from wattbench_reports.figures.palette import INK, PAPER, colour, marker
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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
    """A system or a router."""

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
) -> Drawing:
    """Plot the thresholds, the two hulls, and single systems. Better is up and left.

    Args:
        curve: every threshold that is plotted.
        hull: the corners of the thresholds' non-decreasing hull.
        mix: the corners of the members' hull.
        dots: members, the live hybrid, and routers.
        series: the hybrid's index among all systems.
        description: of the plot, in a sentence.
        name: of the figure, unique in the page.
    """
    described = "; ".join(f"{d.label}: {units.percent(d.accuracy)} at {units.quantity(d.energy_j, 'J')}" for d in dots)
    return Drawing(
        name,
        "Accuracy against joules per request at every threshold",
        f"{description} {described}.",
        partial(_draw, curve, hull, mix, dots, series),
    )


def _draw(
    curve: FrontierLine, hull: FrontierLine, mix: FrontierLine, dots: Sequence[Dot], series: int, panels: Sequence[Axes]
) -> None:
    (axes,), ink = panels, colour(series)
    names = short([curve.label, hull.label, mix.label, *(dot.label for dot in dots)])
    axes.plot(*_dense(curve), color=ink, linewidth=1, label=names[0])
    axes.plot(curve.energy_j, curve.accuracy, color=ink, linestyle="none", marker="o", markersize=4)
    axes.plot(*_dense(hull), color=ink, linewidth=2.2, alpha=_FAINT, label=names[1])
    axes.plot(*_dense(mix), color=INK, linewidth=1.2, alpha=_FAINT, linestyle=(0, (5, 3)), label=names[2])
    for dot, label in zip(dots, names[3:], strict=True):
        axes.plot(
            [dot.energy_j], [dot.accuracy], color=colour(dot.series), marker=marker(dot.series), markersize=9,
            linestyle="none", label=label, markerfacecolor=PAPER if dot.hollow else colour(dot.series), clip_on=False,
            zorder=3,
        )  # fmt: skip
    quantity_axis(axes.xaxis, [*curve.energy_j.tolist(), *(dot.energy_j for dot in dots)], "J")
    share_axis(axes.yaxis, [0.0, *curve.accuracy.tolist(), *(dot.accuracy for dot in dots)])
    axes.set(xlabel="joules per request", ylabel="accuracy, %")


def _dense(line: FrontierLine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a line with points added in between, as a logarithmic axis bends straight lines."""
    if len(line.energy_j) < 2:
        return line.energy_j, line.accuracy
    at = np.unique(np.concatenate((np.linspace(line.energy_j[0], line.energy_j[-1], 60), line.energy_j)))
    return at, np.interp(at, line.energy_j, line.accuracy)
