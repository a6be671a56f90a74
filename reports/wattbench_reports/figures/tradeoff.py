"""Draws accuracy against joules, latency or money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.axes import quantity_axis, share_axis, tick
from wattbench_reports.figures.drawing import Drawing, short
from wattbench_reports.figures.palette import INK, PAPER, colour, mark_id, marker
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MARK_PT = 8.0


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
    """A system: its cost and accuracy."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    cost: Interval
    """In the unit of the axis."""
    accuracy: Interval
    hollow: bool = False
    """It takes no part in a Pareto front."""


def tradeoff(points: Sequence[TradeoffPoint], cost: Cost = JOULES, fronts: Sequence[Sequence[str]] = ()) -> Drawing:
    """Plot accuracy against a cost, with 95% confidence intervals on both. Better is up and to the left.

    Args:
        points: one per system.
        cost: the other axis.
        fronts: systems that are joined by a faint line, of which each is a point; one line per front.
    """
    written = units.money_interval if cost.is_money else units.quantity_interval
    described = "; ".join(
        f"{p.system}: {units.percent_interval(p.accuracy)} at {written(p.cost, cost.unit)}" for p in points
    )
    shown = [units.listed(front) for front in fronts if front]
    joined = "; ".join(f"Cannot be excluded from the Pareto front: {names}" for names in shown)
    return Drawing(
        cost.name,
        f"Accuracy against {cost.label}",
        "Each system with 95% confidence intervals; better is up and left. "
        f"{described}.{f' {joined}.' if joined else ''}",
        partial(_draw, points, cost, fronts),
    )


def _draw(points: Sequence[TradeoffPoint], cost: Cost, fronts: Sequence[Sequence[str]], panels: Sequence[Axes]) -> None:
    (axes,) = panels
    for front in fronts:
        members = sorted((point.cost.estimate, point.accuracy.estimate) for point in points if point.system in front)
        if len(members) > 1:
            axes.plot(*zip(*members, strict=True), color=INK, linewidth=1.2, linestyle=(0, (5, 3)), alpha=0.4)
    for point, name in zip(points, short(point.system for point in points), strict=True):
        ink, (x, y) = colour(point.series), (point.cost.estimate, point.accuracy.estimate)
        # Without bounds there is no bar to draw; the table below the figure says so.
        axes.plot(_bar(point.cost), [y, y], color=ink, linewidth=1.4)
        axes.plot([x, x], _bar(point.accuracy), color=ink, linewidth=1.4)
        axes.plot(
            [x], [y], color=ink, marker=marker(point.series), markersize=_MARK_PT, linestyle="none", label=name,
            markerfacecolor=PAPER if point.hollow else ink, clip_on=False, zorder=3, gid=mark_id(point.series),
        )  # fmt: skip
    costs = [end for point in points for end in (point.cost.estimate, *_bar(point.cost))]
    zero = [0.0] if any(point.cost.estimate == 0 for point in points) else []
    quantity_axis(
        axes.xaxis, [*zero, *(end for end in costs if end > 0)], partial(tick, unit=cost.unit, money=cost.is_money)
    )
    share_axis(axes.yaxis, [0.0, *(point.accuracy.high for point in points)])
    axes.set(xlabel=cost.label, ylabel="accuracy, %")


def _bar(interval: Interval) -> tuple[float, float]:
    """Return both ends of an interval; NaN if it is unbounded."""
    return (math.nan, math.nan) if math.isinf(interval.high) else (interval.low, interval.high)
