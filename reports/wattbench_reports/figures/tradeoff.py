"""Accuracy against joules, latency or money."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.figures.chart import Colour, Plot, path, percent_tick, polyline, share_scale
from wattbench_reports.figures.decision_geometry import Scale, cost_scale
from wattbench_reports.figures.flowing_legend import SAMPLE, LegendEntry
from wattbench_reports.figures.marks import mark_at
from wattbench_reports.figures.shared import colour, tick
from wattbench_reports.figures.svg import with_variables
from wattbench_reports.figures.wide_figure import Axis, wide_figure
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

_MARK = 8.0
"""The width of a system's shape."""


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
    costs = [end for point in points for end in (point.cost.estimate, *_ends(point.cost)) if end > 0]
    free = [0.0 for point in points if point.cost.estimate == 0]
    across, up = cost_scale([*costs, *free]), share_scale([0.0, *(point.accuracy.high for point in points)])
    written = units.money_interval if cost.is_money else units.quantity_interval
    described = "; ".join(
        f"{p.system}: {units.percent_interval(p.accuracy)} at {written(p.cost, cost.unit)}" for p in points
    )
    shown = [units.listed(front) for front in fronts if front]
    joined = "; ".join(f"Cannot be excluded from the Pareto front: {names}" for names in shown)
    return wide_figure(
        cost.name,
        f"Accuracy against {cost.label}",
        "Each system with 95% confidence intervals; better is up and left. "
        f"{described}.{f' {joined}.' if joined else ''}",
        [_entry(point) for point in points],
        Axis(cost.label, across, lambda value: tick(value, cost.unit, money=cost.is_money)),
        Axis("accuracy, %", up, percent_tick),
        lambda plot: _drawn(plot, across, up, points, fronts),
    )


def _drawn(
    plot: Plot, across: Scale, up: Scale, points: Sequence[TradeoffPoint], fronts: Sequence[Sequence[str]]
) -> Iterator[str]:
    for front in fronts:
        members = sorted((point.cost.estimate, point.accuracy.estimate) for point in points if point.system in front)
        if len(members) > 1:  # in ascending order of cost
            line = polyline([(plot.across(across, cost), plot.up(up, accuracy)) for cost, accuracy in members])
            yield path(line, Colour.INK, 1.2, dash="6 3", opacity=0.4)
    for point in points:
        x, y = plot.across(across, point.cost.estimate), plot.up(up, point.accuracy.estimate)
        # Where nothing bounds the figure there is no bar to draw; the table beneath says so.
        level = [
            f"M{plot.across(across, low):.1f} {y:.1f}H{plot.across(across, high):.1f}" for low, high in _bar(point.cost)
        ]
        upright = [f"M{x:.1f} {plot.up(up, low):.1f}V{plot.up(up, high):.1f}" for low, high in _bar(point.accuracy)]
        yield path("".join(level + upright), with_variables(colour(point.series)), 1.4)
        yield mark_at(point.series, x, y, _MARK, hollow=point.hollow)


def _entry(point: TradeoffPoint) -> LegendEntry:
    return LegendEntry(point.system, lambda x, y: mark_at(point.series, x + SAMPLE / 2, y, _MARK, hollow=point.hollow))


def _bar(interval: Interval) -> list[tuple[float, float]]:
    """Return both ends; none where the interval is unbounded."""
    return [] if math.isinf(interval.high) else [(interval.low, interval.high)]


def _ends(interval: Interval) -> tuple[float, ...]:
    return tuple(end for ends in _bar(interval) for end in ends)
