"""Draws the systems of a grid: accuracy against cost, with a colour and a shape by the first two axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.direct_labels import DirectLabel, direct_labels
from wattbench_reports.figures.drawing import Drawing, short
from wattbench_reports.figures.palette import INK, PAPER, QUIET, colour, marker
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_IN = (5.2, 3.6)
"""As wide as a phone: all of it is seen without scrolling."""


@dataclass(frozen=True)
class GridPoint:
    """A system of a grid."""

    label: str
    """Its settings."""
    colour: int
    """The position of its setting on the first axis."""
    shape: int
    """On the second axis."""
    cost: Interval
    """Per request."""
    accuracy: Interval
    dropped: bool = False
    """It was not asked to the end; its mark is crossed out."""
    hollow: bool = False
    """It does not qualify, or takes no part."""
    chosen: bool = False
    on_front: bool = False
    """It cannot be excluded that it is on the Pareto front."""


def grid(
    points: Sequence[GridPoint],
    *,
    colours: Sequence[str],
    shapes: Sequence[str],
    name: str,
    cost_label: str,
    tick: Callable[[float], str],
    title: str,
    description: str,
) -> Drawing:
    """Draw accuracy against the cost of a request, with 95% confidence intervals. Better is up and to the left.

    A dropped system has neither intervals nor a label.

    Args:
        points: the most important first: they have a label before others.
        colours: what each colour stands for.
        shapes: what each shape stands for; empty: the same as the colour.
        name: of the figure, unique in the page.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers.
        description: for screen readers.
    """
    return Drawing(
        name, title, description, partial(_draw, points, colours, shapes, cost_label, tick), size_in=_SIZE_IN
    )


def _draw(
    points: Sequence[GridPoint],
    colours: Sequence[str],
    shapes: Sequence[str],
    cost_label: str,
    tick: Callable[[float], str],
    panels: Sequence[Axes],
) -> None:
    (axes,) = panels
    for number, label in enumerate(short(colours)):
        shape, style = ("", "-") if shapes else (marker(number), "none")
        axes.plot(
            [], [], color=colour(number), marker=shape, markersize=8, linestyle=style, linewidth=4, label=label
        )  # fmt: skip
    for number, label in enumerate(short(shapes)):
        axes.plot([], [], color=QUIET, marker=marker(number), markersize=8, linestyle="none", label=label)
    quantity_axis(axes.xaxis, [point.cost.estimate for point in points], tick)
    share_axis(axes.yaxis, [end for point in points for end in _ends(point)])
    log = ", logarithmic" if axes.get_xscale() == "log" else ""
    axes.set(xlabel=f"{cost_label}{log}", ylabel="accuracy, %")
    low, high = axes.get_xlim()
    joined = sorted((point.cost.estimate, point.accuracy.estimate) for point in points if point.on_front)
    lines = [np.array(joined)] if len(joined) > 1 else []
    for line in lines:
        axes.plot(*line.T, color=INK, linewidth=1.2, linestyle=(0, (5, 3)), alpha=0.4)
    for point in points:
        ink, at = colour(point.colour), (point.cost.estimate, point.accuracy.estimate)
        if not point.dropped:
            across = np.array([(point.cost.low, at[1]), (min(point.cost.high, high), at[1])])
            up = np.array([(at[0], point.accuracy.low), (at[0], point.accuracy.high)])
            for bar in (across, up):
                axes.plot(*bar.T, color=ink, linewidth=1.2, alpha=0.6)
            lines += [across, up]
        size = 10 if point.chosen else 7 if point.dropped else 8
        axes.plot(
            [at[0]], [at[1]], color=ink, marker=marker(point.shape), markersize=size, linestyle="none",
            markerfacecolor=PAPER if point.hollow else ink, clip_on=False, zorder=3,
        )  # fmt: skip
        if point.dropped:
            axes.plot(
                [at[0]], [at[1]], color=INK, marker="x", markersize=10, linestyle="none", clip_on=False, zorder=3
            )  # fmt: skip
    axes.set_xlim(low, high)
    marks = [(point.cost.estimate, point.accuracy.estimate) for point in points]
    labels = [
        DirectLabel(visible(point.label), mark, bold=point.chosen, on_lines=point.chosen)
        for point, mark in zip(points, marks, strict=True)
        if not point.dropped
    ]
    direct_labels(axes, labels, marks, lines)


def _ends(point: GridPoint) -> tuple[float, ...]:
    if point.dropped:
        return (point.accuracy.estimate,)
    return tuple(end for end in (point.accuracy.low, point.accuracy.high) if math.isfinite(end))
