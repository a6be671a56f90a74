"""Accuracy against joules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reports import units
from reports.figures.shared import axes_for, colour, legend, marker, quantity_axis
from reports.stats import Interval
from reports.svg import inline_svg


@dataclass(frozen=True)
class Point:
    """A system in the trade-off."""

    system: str
    place: int
    """Its place among all systems, which chooses its colour and shape."""
    energy_j: Interval
    """Per request."""
    accuracy: Interval


def tradeoff(points: Sequence[Point]) -> str:
    """Accuracy against joules per request, with 95% intervals on both. Better is up and to the left.

    Returns:
        An `<svg>` element.
    """
    with axes_for(len(points)) as (figure, axes):
        for point in points:
            energy, accuracy = point.energy_j, point.accuracy
            axes.errorbar(
                [energy.estimate],
                [100 * accuracy.estimate],
                # Where nothing bounds the figure there is no bar to draw; the table beneath says so.
                xerr=_bars(energy),
                yerr=_bars(accuracy, 100),
                fmt=marker(point.place),
                color=colour(point.place),
                markersize=8,
                elinewidth=1.4,
                label=point.system,
            )
        quantity_axis(axes, [point.energy_j.estimate for point in points], "J")
        axes.set_xlabel("joules per request")
        axes.set_ylabel("accuracy, %")
        top = max((100 * point.accuracy.high for point in points), default=100.0)
        axes.set_ylim(-2, min(100.0, top * 1.1) + 2)  # room for a mark at 0%
        legend(figure, axes)
        said = "; ".join(
            f"{p.system}: {units.percent_interval(p.accuracy)} at {units.quantity_interval(p.energy_j, 'J')}"
            for p in points
        )
        return inline_svg(
            figure,
            name="tradeoff-figure",
            title="Accuracy against joules per request",
            description=f"Each system with its 95% intervals; better is up and left. {said}.",
        )


def _bars(interval: Interval, scale: float = 1.0) -> list[list[float]] | None:
    """The lengths of the bars to either side. None where nothing bounds the figure: the table beneath says so."""
    if math.isinf(interval.high):
        return None
    return [[scale * (interval.estimate - interval.low)], [scale * (interval.high - interval.estimate)]]
