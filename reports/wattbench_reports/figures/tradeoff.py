"""Accuracy against joules, latency or money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wattbench_reports.figures.shared import axes_for, colour, legend, marker, quantity_axis
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Cost:
    """The horizontal axis."""

    name: str
    """Of the figure, unique in the page."""
    unit: str
    label: str
    """``joules per request``."""
    is_money: bool = False
    """The unit is a currency."""


JOULES = Cost("tradeoff-figure", "J", "joules per request")
SECONDS = Cost("tradeoff-latency-figure", "s", "median latency")


@dataclass(frozen=True)
class TradeoffPoint:
    """A system in the plot."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    cost: Interval
    """In the unit of the axis."""
    accuracy: Interval
    hollow: bool = False
    """It takes no part in a Pareto front."""


def tradeoff(points: Sequence[TradeoffPoint], cost: Cost = JOULES, fronts: Sequence[Sequence[str]] = ()) -> str:
    """Plot accuracy against a cost, with 95% confidence intervals on both. Better is up and to the left.

    Args:
        points: one per system.
        cost: the other axis.
        fronts: systems that are joined by a faint line, of which each is a point; one line per front.

    Returns:
        An `<svg>` element.
    """
    with axes_for(len(points)) as (figure, axes):
        for front in fronts:
            _line(axes, [point for point in points if point.system in front])
        for point in points:
            ink, accuracy = colour(point.series), point.accuracy
            axes.errorbar(
                [point.cost.estimate],
                [100 * accuracy.estimate],
                # Where nothing bounds the figure there is no bar to draw; the table beneath says so.
                xerr=_bars(point.cost),
                yerr=_bars(accuracy, 100),
                fmt=marker(point.series),
                color=ink,
                markersize=8,
                markerfacecolor="none" if point.hollow else ink,
                elinewidth=1.4,
                label=point.system,
            )
        quantity_axis(axes, [point.cost.estimate for point in points], cost.unit, money=cost.is_money)
        axes.set_xlabel(cost.label)
        axes.set_ylabel("accuracy, %")
        top = max((100 * point.accuracy.high for point in points), default=100.0)
        axes.set_ylim(-2, min(100.0, top * 1.1) + 2)  # room for a mark at 0%
        legend(figure, axes)
        written = units.money_interval if cost.is_money else units.quantity_interval
        described = "; ".join(
            f"{p.system}: {units.percent_interval(p.accuracy)} at {written(p.cost, cost.unit)}" for p in points
        )
        shown = [units.listed(front) for front in fronts if front]
        joined = "; ".join(f"Cannot be excluded from the Pareto front: {names}" for names in shown)
        return inline_svg(
            figure,
            name=cost.name,
            title=f"Accuracy against {cost.label}",
            description=(
                "Each system with 95% confidence intervals; better is up and left. "
                f"{described}.{f' {joined}.' if joined else ''}"
            ),
        )


def _line(axes: Axes, members: Sequence[TradeoffPoint]) -> None:
    """Draw a dashed line through the systems, in ascending order of cost."""
    ordered = sorted((point.cost.estimate, 100 * point.accuracy.estimate) for point in members)
    if len(ordered) > 1:
        axes.plot(*zip(*ordered, strict=True), color=INK, alpha=0.35, linewidth=1.2, linestyle="--", zorder=1)


def _bars(interval: Interval, scale: float = 1.0) -> list[list[float]] | None:
    """Compute the lengths of both error bars; None where the interval is unbounded, as the table below says."""
    if math.isinf(interval.high):
        return None
    # A figure that is the same of every item has bounds that differ from it by rounding.
    below, above = (max(each, 0.0) for each in (interval.estimate - interval.low, interval.high - interval.estimate))
    return [[scale * below], [scale * above]]
