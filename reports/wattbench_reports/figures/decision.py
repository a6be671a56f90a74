"""Draws the picture of a decision: accuracy against the cost of a request, what is required, and the front.

The page's script draws the same picture for other settings: see `html/whatif/script/picture.js`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.direct_labels import DirectLabel, direct_labels
from wattbench_reports.figures.drawing import TEXT_PT, Drawing
from wattbench_reports.figures.palette import ACCENT, PAPER, QUIET, SOFT, colour, mark_id, marker
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = "decision-picture"
"""The id of the element."""
_SIZE_IN = (5.2, 3.05)
_STEPS = (0.1, 0.2)
"""Between ticks of accuracy."""


@dataclass(frozen=True)
class PicturePoint:
    """A system in the picture."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    label: str
    """Its name next to the mark; empty: a dot alone."""
    cost: Interval
    """Per request."""
    accuracy: Interval
    hollow: bool = False
    """It does not meet the requirements, or takes no part."""
    chosen: bool = False
    scaling: bool = True
    """The scale of costs includes it; one that is not included may be drawn at the end of the scale."""


@dataclass(frozen=True)
class Region:
    """The requirements of accuracy and cost; None: no requirement."""

    min_accuracy: float | None = None
    max_cost: float | None = None


def picture(
    points: Sequence[PicturePoint],
    line: Sequence[str],
    region: Region,
    *,
    cost_label: str,
    tick: Callable[[float], str],
    title: str,
    description: str,
) -> Drawing:
    """Draw accuracy against the cost of a request, with 95% confidence intervals. Better is up and to the left.

    Args:
        points: those with a label first, the most important first.
        line: systems that a line joins, by rising cost.
        region: is shaded where anything of it is required.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
    """
    draw = partial(_draw, points, line, region, cost_label, tick)
    return Drawing(NAME, title, description, draw, size_in=_SIZE_IN)


def _draw(
    points: Sequence[PicturePoint],
    line: Sequence[str],
    region: Region,
    cost_label: str,
    tick: Callable[[float], str],
    panels: Sequence[Axes],
) -> None:
    (axes,) = panels
    _scale(axes, points, region, tick)
    low, high = axes.get_xlim()
    axes.set_xlabel(f"{cost_label}{', logarithmic' if axes.get_xscale() == 'log' else ''} →", loc="right")
    axes.set_title("accuracy", loc="left", fontsize=TEXT_PT, color=QUIET)
    if region != Region():
        _shade(axes, region)
    places = {each.system: (min(max(each.cost.estimate, low), high), each.accuracy.estimate) for each in points}
    joined = [places[name] for name in line if name in places]
    if len(joined) > 1:
        axes.plot(*zip(*joined, strict=True), color=QUIET, linewidth=1.2, linestyle=(0, (5, 3)))
    bars = []
    for number, point in enumerate(points):
        ink, (x, y) = colour(point.series), places[point.system]
        if not point.label:
            axes.plot(
                [x], [y], color=QUIET, alpha=0.6, marker="o", markersize=5, linestyle="none", clip_on=False,
                gid=mark_id(point.series),
            )  # fmt: skip
            continue
        across = np.array([(point.cost.low, y), (high if math.isinf(point.cost.high) else point.cost.high, y)])
        up = np.array([(x, point.accuracy.low), (x, point.accuracy.high)])
        bars += [across, up]
        for bar in (across, up):
            axes.plot(*bar.T, color=ink, linewidth=1.3, alpha=0.75)
        axes.plot(
            [x], [y], color=ink, marker=marker(point.series), markersize=11 if point.chosen else 9, linestyle="none",
            markerfacecolor=PAPER if point.hollow else ink, clip_on=False, zorder=4 - number / len(points),
            gid=mark_id(point.series),
        )  # fmt: skip
    labels = [
        DirectLabel(_named(point, (low, high), tick), places[point.system], bold=point.chosen)
        for point in points
        if point.label
    ]
    direct_labels(axes, labels, list(places.values()), [*bars, *([np.array(joined)] if joined else [])])


def _scale(axes: Axes, points: Sequence[PicturePoint], region: Region, tick: Callable[[float], str]) -> None:
    """Scale both axes; the cost of a system outside the comparison may be beyond the end of its axis."""
    costs = [point.cost.estimate for point in points if point.scaling]
    costs = costs if len(costs) > 1 else [point.cost.estimate for point in points]
    quantity_axis(axes.xaxis, [*costs, *([] if region.max_cost is None else [region.max_cost])], tick)
    required = [] if region.min_accuracy is None else [region.min_accuracy]
    ends = [end for point in points for end in (point.accuracy.low, point.accuracy.high)]
    share_axis(axes.yaxis, [*ends, *required], _STEPS)
    axes.tick_params(labelsize=TEXT_PT, labelcolor=QUIET, length=0)
    axes.xaxis.label.set(color=QUIET, fontsize=TEXT_PT)


def _shade(axes: Axes, region: Region) -> None:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    right = right if region.max_cost is None else region.max_cost
    bottom = bottom if region.min_accuracy is None else region.min_accuracy
    axes.fill_between(
        [left, right], bottom, top, facecolor=SOFT, edgecolor=ACCENT, linewidth=0.6, linestyle=(0, (3, 3)), zorder=0
    )


def _named(point: PicturePoint, scale: tuple[float, float], tick: Callable[[float], str]) -> str:
    """Return a system's label, followed by its cost if the cost is beyond an end of the scale."""
    cost, (low, high) = point.cost.estimate, scale
    return visible(point.label if low <= cost <= high else f"{point.label} ({tick(cost)} {'←' if cost < low else '→'})")
