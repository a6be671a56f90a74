"""A hybrid's accuracy against its joules at every threshold, with its members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import axes_for, colour, legend, marker, quantity_axis
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units


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
    with axes_for(len(dots) + 3) as (figure, axes):
        axes.plot(
            curve.energy_j, 100 * curve.accuracy, color=colour(series), marker=".", markersize=5, linewidth=1.0,
            label=curve.label,
        )  # fmt: skip
        for line, style, ink in ((hull, "-", colour(series)), (mix, "--", INK)):
            energy_j, accuracy = _dense(line)
            axes.plot(energy_j, 100 * accuracy, style, color=ink, linewidth=2.2 if style == "-" else 1.2,
                      alpha=0.55, label=line.label)  # fmt: skip
        for dot in dots:
            axes.plot(
                [dot.energy_j], [100 * dot.accuracy], marker(dot.series), color=colour(dot.series), markersize=9,
                fillstyle="none" if dot.hollow else "full", markeredgewidth=1.8, label=dot.label,
            )  # fmt: skip
        values = [*curve.energy_j.tolist(), *(dot.energy_j for dot in dots)]
        quantity_axis(axes, values, "J")
        axes.set_xlabel("joules per request")
        axes.set_ylabel("accuracy, %")
        top = 100 * max([*curve.accuracy.tolist(), *(dot.accuracy for dot in dots)])
        axes.set_ylim(-2, min(100.0, top * 1.1) + 2)
        legend(figure, axes)
        described = "; ".join(
            f"{d.label}: {units.percent(d.accuracy)} at {units.quantity(d.energy_j, 'J')}" for d in dots
        )
        return inline_svg(
            figure,
            name=name,
            title="Accuracy against joules per request at every threshold",
            description=f"{description} {described}.",
        )


def _dense(line: FrontierLine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add points on the same lines, which a logarithmic axis bends."""
    if len(line.energy_j) < 2:
        return line.energy_j, line.accuracy
    at = np.unique(np.concatenate((np.linspace(line.energy_j[0], line.energy_j[-1], 60), line.energy_j)))
    return at, np.interp(at, line.energy_j, line.accuracy)
