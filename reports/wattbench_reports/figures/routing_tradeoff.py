"""Draws accuracy against the cost of a request: systems alone, random mixes of them, routers, and perfect routers.

Systems have their own colours and shapes, routers that can be built a ring with a dot, and perfect routers a hollow
triangle. Shapes of systems are those that `wattbench_reports.figures.marks.marks_svg` defines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from wattbench_reports.figures import decision_geometry as geometry
from wattbench_reports.figures.chart import (
    Colour,
    Plot,
    across_label,
    across_ticks,
    axis_lines,
    level_ticks,
    opening,
    path,
    percent_tick,
    polyline,
    share_scale,
    words,
)
from wattbench_reports.figures.decision_geometry import Box, PictureMark, Scale
from wattbench_reports.figures.line_labels import pieces
from wattbench_reports.figures.shared import MARKERS, colour, with_variables
from wattbench_reports.stats import Interval

NAME = "routing-tradeoff"
"""The id of the element, and the name of the file."""

WIDTH, HEIGHT = geometry.WIDTH, geometry.HEIGHT
_PLOT = Plot(geometry.LEFT, geometry.RIGHT, geometry.TOP, geometry.BOTTOM, geometry.INSET)
_STEPS = 24
"""Points of a mix of two systems: on a logarithmic scale it is no straight line."""

Kind = Literal["system", "router", "ceiling"]


@dataclass(frozen=True)
class RoutingMark:
    """A system alone, a router, or a perfect one."""

    kind: Kind
    label: str
    """Its name next to the mark; empty: a system that is a dot."""
    cost: Interval
    """Per request."""
    accuracy: Interval
    series: int = 0
    """A system's index among all of the run, which selects its colour and shape."""
    hollow: bool = False
    """It does not meet the requirements."""
    chosen: bool = False
    """It is what the verdict is about."""


@dataclass(frozen=True)
class RoutingCurveLine:
    """A router's accuracy against its cost, as a correct answer is worth more."""

    costs: tuple[float, ...]
    accuracies: tuple[float, ...]


def routing_tradeoff(
    marks: Sequence[RoutingMark],
    mixed: Sequence[tuple[float, float]],
    curves: Sequence[RoutingCurveLine],
    *,
    cost_label: str,
    tick: Callable[[float], str],
    title: str,
    description: str,
) -> str:
    """Draw the picture, with 95% confidence intervals. Better is up and to the left.

    Args:
        marks: those with a label first, the most important first.
        mixed: cost and accuracy of the systems that a random mix takes, by rising cost.
        curves: of routers.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.

    Returns:
        An `<svg>` element for a page that has the shapes of `marks_svg`.
    """
    costs, accuracies = _scales(marks, mixed)
    marks = [mark for mark in marks if mark.label or _within(mark, costs, accuracies)]
    spots = [_located(mark, costs, accuracies) for mark in marks]
    lines = [_points(line, costs, accuracies) for line in ([_mix(mixed)] if len(mixed) > 1 else [])]
    lines += [_points(list(zip(each.costs, each.accuracies, strict=True)), costs, accuracies) for each in curves]
    drawn = list(zip(marks, spots, strict=True))
    parts = [
        opening(NAME, WIDTH, HEIGHT, title, description),
        *level_ticks(_PLOT, accuracies, percent_tick),
        *across_ticks(_PLOT, costs, tick),
        axis_lines(_PLOT),
        words(_PLOT.left - 34, 11, "accuracy", colour=Colour.QUIET, size=11),
        across_label(_PLOT, f"{cost_label}{', logarithmic' if costs.log else ''}"),
        *_lines(lines, mixes=len(mixed) > 1),
        *(part for mark, at in drawn for part in _bars(mark, at)),
        *(_shape(mark, at) for mark, at in drawn[::-1]),
        *_labels(marks, spots, [box for line in lines for box in pieces(line)]),
        "</svg>",
    ]
    return "".join(parts)


def _scales(marks: Sequence[RoutingMark], mixed: Sequence[tuple[float, float]]) -> tuple[Scale, Scale]:
    shown = [mark for mark in marks if mark.label] or list(marks)
    shares = [end for mark in shown for end in (mark.accuracy.low, mark.accuracy.high)]
    costs = [mark.cost.estimate for mark in shown] + [cost for cost, _ in mixed]
    return geometry.cost_scale(costs), share_scale([*shares, *(share for _, share in mixed)])


def _within(mark: RoutingMark, costs: Scale, accuracies: Scale) -> bool:
    cost, share = mark.cost.estimate, mark.accuracy.estimate
    return costs.low <= cost <= costs.high and accuracies.low <= share <= accuracies.high


def _located(mark: RoutingMark, costs: Scale, accuracies: Scale) -> PictureMark:
    cost, accuracy = mark.cost, mark.accuracy
    return PictureMark(
        x=_PLOT.across(costs, cost.estimate),
        y=_PLOT.up(accuracies, accuracy.estimate),
        left=_PLOT.across(costs, cost.low),
        right=_PLOT.right if math.isinf(cost.high) else _PLOT.across(costs, cost.high),
        top=_PLOT.up(accuracies, accuracy.high),
        bottom=_PLOT.up(accuracies, accuracy.low),
    )


def _mix(mixed: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    points = [mixed[0]]
    for (cost, share), (next_cost, next_share) in pairwise(mixed):
        steps = (number / _STEPS for number in range(1, _STEPS + 1))
        points += [(cost + step * (next_cost - cost), share + step * (next_share - share)) for step in steps]
    return points


def _points(line: Sequence[tuple[float, float]], costs: Scale, accuracies: Scale) -> list[tuple[float, float]]:
    return [(_PLOT.across(costs, cost), _PLOT.up(accuracies, share)) for cost, share in line]


def _lines(lines: Sequence[Sequence[tuple[float, float]]], *, mixes: bool) -> Iterator[str]:
    for number, line in enumerate(lines):
        if mixes and number == 0:
            yield path(polyline(line), Colour.QUIET, 1.2, dash="5 3", kind="mix")
        elif len(line) > 1:
            yield path(polyline(line), Colour.ACCENT, 1.2, opacity=0.7, kind="curve")


def _bars(mark: RoutingMark, at: PictureMark) -> Iterator[str]:
    if mark.label:
        across = f"M{at.left:.1f} {at.y:.1f}H{at.right:.1f}"
        up = f"M{at.x:.1f} {at.top:.1f}V{at.bottom:.1f}"
        yield path(across + up, _colour(mark), 1.3, opacity=0.75, kind="bar")


def _shape(mark: RoutingMark, at: PictureMark) -> str:
    if not mark.label:
        return f'<circle class="dot" cx="{at.x:.1f}" cy="{at.y:.1f}" r="2.5" fill="{Colour.QUIET}" opacity="0.6"/>'
    ink = _colour(mark)
    if mark.kind == "router":
        dot = "" if mark.hollow else f'<circle cx="{at.x:.1f}" cy="{at.y:.1f}" r="2.2" fill="{ink}"/>'
        ring = f'cx="{at.x:.1f}" cy="{at.y:.1f}" r="{6 if mark.chosen else 5}"'
        return f'<circle class="router" {ring} fill="{Colour.PAPER}" stroke="{ink}" stroke-width="1.8"/>{dot}'
    if mark.kind == "ceiling":
        corners = f"M{at.x - 5:.1f} {at.y + 4:.1f}H{at.x + 5:.1f}L{at.x:.1f} {at.y - 5:.1f}Z"
        return f'<path class="ceiling" d="{corners}" fill="{Colour.PAPER}" stroke="{ink}" stroke-width="1.6"/>'
    fill = Colour.PAPER if mark.hollow else ink
    return (
        f'<use class="system" href="#mark-{mark.series % len(MARKERS)}" fill="{fill}" stroke="{ink}" '
        f'stroke-width="0.14" transform="translate({at.x:.1f} {at.y:.1f}) scale(9)"/>'
    )


def _labels(marks: Sequence[RoutingMark], spots: Sequence[PictureMark], lines: Sequence[Box]) -> Iterator[str]:
    bold = [number for number, mark in enumerate(marks) if mark.chosen]
    for mark, at in zip(marks, geometry.labels(spots, [mark.label for mark in marks], lines, bold), strict=True):
        if at is not None:
            ink = Colour.ACCENT if mark.kind == "router" else Colour.INK
            yield words(at.x, at.y, mark.label, anchor=at.anchor, colour=ink, bold=mark.chosen, halo=True, kind="label")


def _colour(mark: RoutingMark) -> str:
    return {
        "system": with_variables(colour(mark.series)), "router": str(Colour.ACCENT), "ceiling": str(Colour.QUIET)
    }[mark.kind]  # fmt: skip
