"""Cascades: accuracy and cost against the quality of the check that decides which answers are passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.drawing import SMALL_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import ACCENT, QUIET, SOFT, colour
from wattbench_reports.formatting.units import fixed
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "routing-cascades"
"""The id of the element, and the name of the file."""

_DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
"""Of lines, so that colour alone tells none apart."""


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
    """The system that cascades are compared with."""

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
) -> Drawing:
    """Plot accuracy and cost over one axis of qualities. The first line has its 95% intervals shaded.

    Args:
        lines: at most three are told apart, the most important first.
        baseline: drawn as a level line.
        equals: the quality from which on the first cascade is as accurate; None or above 1: it is not drawn.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
    """
    return Drawing(
        NAME,
        title,
        description,
        partial(_draw, lines, baseline, equals, cost_label, tick),
        panels=2,
        columns=2,
        size_in=(WIDE_IN, 3.4),
    )


def _draw(
    lines: Sequence[CascadeLine],
    baseline: CascadeBaseline,
    equals: Interval | None,
    cost_label: str,
    tick: Callable[[float], str],
    panels: Sequence[Axes],
) -> None:
    accuracy, cost = panels
    _curves(accuracy, lines, [each.accuracies for each in lines], baseline, baseline.accuracy)
    _curves(cost, lines, [each.costs for each in lines], baseline, baseline.cost)
    bounds = [end for each in lines[:1] for one in each.accuracies for end in (one.low, one.high)]
    shares = [one.estimate for each in lines for one in each.accuracies]
    share_axis(accuracy.yaxis, [baseline.accuracy, *bounds, *shares])
    costs = [baseline.cost, *(one.estimate for each in lines for one in each.costs)]
    quantity_axis(cost.yaxis, costs, tick, log=False, most_ticks=5)
    for axes, label in ((accuracy, "accuracy"), (cost, cost_label)):
        share_axis(axes.xaxis, (0.5, 1.0))
        axes.set(xlabel="answers that the check judges rightly", ylabel=label)
        if equals is not None and equals.estimate <= 1:
            axes.axvspan(max(equals.low, 0.5), min(equals.high, 1.0), color=SOFT, linewidth=0, zorder=0)
            axes.axvline(equals.estimate, color=ACCENT, linewidth=1.2, linestyle=(0, (3, 3)), zorder=1)
    if equals is not None and equals.estimate <= 1:
        accuracy.set_title(
            f"as accurate from {fixed(100 * equals.estimate, 0)}%", loc="right", fontsize=SMALL_PT, color=ACCENT
        )


def _curves(
    axes: Axes,
    lines: Sequence[CascadeLine],
    values: Sequence[Sequence[Interval]],
    baseline: CascadeBaseline,
    level: float,
) -> None:
    *names, alone = short([*(each.label for each in lines), baseline.label])
    for number, (each, ends) in enumerate(zip(lines, values, strict=True)):
        ink = colour(each.series)
        if number == 0:
            axes.fill_between(
                each.qualities, [one.low for one in ends], [one.high for one in ends], color=ink, alpha=0.15,
                linewidth=0,
            )  # fmt: skip
        axes.plot(
            each.qualities, [one.estimate for one in ends], color=ink, linewidth=1.5 if number else 2.2,
            linestyle=_DASHES[number % len(_DASHES)], label=names[number],
        )  # fmt: skip
    axes.axhline(level, color=QUIET, linewidth=1.2, linestyle=(0, (6, 3)), label=alone)
