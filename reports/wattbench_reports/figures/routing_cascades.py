"""Draws cascades: accuracy and cost against the quality of the check that decides which answers are passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from wattbench_reports.figures import decision_geometry as geometry
from wattbench_reports.figures.chart import (
    Colour,
    Plot,
    across_label,
    across_ticks,
    axis_lines,
    band,
    level_ticks,
    opening,
    path,
    percent_tick,
    polyline,
    share_scale,
    words,
)
from wattbench_reports.figures.decision_geometry import Scale
from wattbench_reports.figures.line_labels import line_labels
from wattbench_reports.figures.shared import colour, with_variables
from wattbench_reports.formatting.units import fixed
from wattbench_reports.stats import Interval

NAME = "routing-cascades"
"""The id of the element, and the name of the file."""

WIDTH, HEIGHT = 400, 372
_UPPER = Plot(40, 394, 20, 180)
_LOWER = Plot(40, 394, 208, 332)
_DASHES = ("", "7 3", "2 3")
"""Of lines, so that colour alone tells none apart."""
_QUALITIES = Scale(0.5, 1.0, False, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0))


@dataclass(frozen=True)
class CascadeLine:
    """A cascade at each quality of its check."""

    label: str
    series: int
    """The first system's index among all of the run, which selects the colour."""
    qualities: tuple[float, ...]
    """Rising, from .5 to 1."""
    accuracies: tuple[Interval, ...]
    costs: tuple[Interval, ...]
    """Per request."""


@dataclass(frozen=True)
class CascadeBaseline:
    """The system that cascades are held against."""

    label: str
    accuracy: float
    cost: float


def routing_cascades(
    lines: Sequence[CascadeLine],
    baseline: CascadeBaseline,
    equals: Interval | None,
    *,
    cost_label: str,
    tick: Callable[[float], str],
    title: str,
    description: str,
) -> str:
    """Draw accuracy above and cost below, over one axis of qualities. The first line has its 95% intervals shaded.

    Args:
        lines: at most three are told apart, the most important first.
        baseline: drawn as a level line.
        equals: the quality from which on the first cascade is as accurate; None or above 1: it is not drawn.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
    """
    accuracies = share_scale(
        [
            baseline.accuracy,
            *(end for each in lines[:1] for one in each.accuracies for end in (one.low, one.high)),
            *(one.estimate for each in lines for one in each.accuracies),
        ]
    )
    costs = _cost_scale([baseline.cost, *(one.estimate for each in lines for one in each.costs)])
    parts = [
        opening(NAME, WIDTH, HEIGHT, title, description),
        *_equal(equals),  # under all else: it is shaded
        *_panel(_UPPER, accuracies, percent_tick),
        *_panel(_LOWER, costs, tick),
        words(6, 11, "accuracy", colour=Colour.QUIET, size=11),
        words(6, _LOWER.top - 8, cost_label, colour=Colour.QUIET, size=11),
        across_label(_LOWER, "share of answers that the check judges rightly"),
        *_curves(_UPPER, accuracies, lines, [each.accuracies for each in lines], (baseline.label, baseline.accuracy)),
        *_curves(_LOWER, costs, lines, [each.costs for each in lines], (baseline.label, baseline.cost)),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def _cost_scale(costs: Sequence[float]) -> Scale:
    """Choose a linear scale from 0: a cascade's cost rises in a straight line with what it passes on."""
    scale = geometry.cost_scale([0.0, *costs])
    return Scale(scale.low, scale.high, False, scale.ticks[:: 2 if len(scale.ticks) > 4 else 1])


def _panel(plot: Plot, scale: Scale, tick: Callable[[float], str]) -> Iterator[str]:
    yield from level_ticks(plot, scale, tick)
    yield from across_ticks(plot, _QUALITIES, percent_tick if plot is _LOWER else lambda _: "")
    yield axis_lines(plot)


def _equal(equals: Interval | None) -> Iterator[str]:
    """Mark the quality from which on the first cascade is as accurate, through both panels."""
    if equals is None or equals.estimate > 1:
        return
    left, at, right = (_UPPER.across(_QUALITIES, each) for each in (equals.low, equals.estimate, equals.high))
    size = f'width="{max(right - left, 1):.1f}" height="{_LOWER.bottom - _UPPER.top:g}"'
    yield f'<rect class="equal" x="{left:.1f}" y="{_UPPER.top:g}" {size} fill="{Colour.SOFT}"/>'
    yield path(f"M{at:.1f} {_UPPER.top:g}V{_LOWER.bottom:g}", Colour.ACCENT, 1.2, dash="3 3", kind="equal")
    text = f"as accurate from {fixed(100 * equals.estimate, 0)}%"
    within = min(max(at, _UPPER.left + 86), _UPPER.right - 68)
    yield words(within, 11, text, anchor="middle", colour=Colour.ACCENT, size=11, kind="equal")


def _curves(
    plot: Plot,
    scale: Scale,
    lines: Sequence[CascadeLine],
    values: Sequence[Sequence[Interval]],
    level: tuple[str, float],
) -> Iterator[str]:
    drawn = [
        _points(plot, scale, each, [one.estimate for one in ends]) for each, ends in zip(lines, values, strict=True)
    ]
    for each, ends in zip(lines[:1], values[:1], strict=True):
        lows, highs = ([getattr(one, end) for one in ends] for end in ("low", "high"))
        yield band(_points(plot, scale, each, lows), _points(plot, scale, each, highs), _colour(each))
    y = plot.up(scale, level[1])
    across = [(plot.left + (plot.right - plot.left) * number / 24, y) for number in range(25)]
    yield path(polyline(across[:1] + across[-1:]), Colour.QUIET, 1.2, dash="5 3", kind="alone")
    for number, (each, line) in enumerate(zip(lines, drawn, strict=True)):
        dash = _DASHES[number % len(_DASHES)]
        yield path(polyline(line), _colour(each), 2.2 if number == 0 else 1.5, dash=dash, kind="cascade")
    texts = [each.label for each in lines] + [level[0]]
    inks = [_colour(each) for each in lines] + [str(Colour.QUIET)]
    for number, at in enumerate(line_labels(plot, [*drawn, across], texts)):
        if at is not None:
            yield words(
                at.x, at.y, texts[number], anchor=at.anchor, colour=inks[number], bold=number == 0, halo=True,
                kind="label",
            )  # fmt: skip


def _points(plot: Plot, scale: Scale, line: CascadeLine, values: Sequence[float]) -> list[tuple[float, float]]:
    return [
        (plot.across(_QUALITIES, quality), plot.up(scale, value))
        for quality, value in zip(line.qualities, values, strict=True)
    ]


def _colour(line: CascadeLine) -> str:
    return with_variables(colour(line.series))
