"""The picture of a decision: accuracy against the cost of a request, what is required, and the front.

Drawn by hand and not by matplotlib, so that the page's script can draw the same for other settings: see
`wattbench_reports.figures.decision_geometry`. Shapes are those that `wattbench_reports.figures.marks.marks_svg`
defines.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from wattbench_reports.figures import decision_geometry as geometry
from wattbench_reports.figures.decision_geometry import PictureMark, Scale
from wattbench_reports.figures.shared import MARKERS, colour, with_variables
from wattbench_reports.formatting.safe_text import visible
from wattbench_reports.stats import Interval

NAME = "decision-picture"
"""The id of the element."""


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
    """The scale of costs reaches as far as it. Others are at the end of the scale where they are beyond it."""


@dataclass(frozen=True)
class Region:
    """What is required of accuracy and cost; None: anything."""

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
) -> str:
    """Draw accuracy against the cost of a request, with 95% confidence intervals. Better is up and to the left.

    Args:
        points: those with a label first, the most important first.
        line: systems that a line joins, by rising cost.
        region: is shaded where anything of it is required.
        cost_label: ``joules per request``.
        tick: formats a cost for the axis.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.

    Returns:
        An `<svg>` element for a page that has the shapes of `marks_svg`.
    """
    costs, accuracies = _scales(points, region)
    marks = [_mark(point, costs, accuracies) for point in points]
    parts = [
        *_opening(title, description),
        *_region(region, costs, accuracies),
        *_axes(costs, accuracies, cost_label, tick),
        *_line(points, marks, line),
        *(part for point, mark in zip(points, marks, strict=True) for part in _bars(point, mark)),
        *(_shape(point, mark) for point, mark in zip(points[::-1], marks[::-1], strict=True)),
        *_labels(points, marks, costs, tick),
        "</svg>",
    ]
    return "".join(parts)


def _scales(points: Sequence[PicturePoint], region: Region) -> tuple[Scale, Scale]:
    costs = [point.cost.estimate for point in points if point.scaling]
    costs = costs if len(costs) > 1 else [point.cost.estimate for point in points]
    lows, highs = [point.accuracy.low for point in points], [point.accuracy.high for point in points]
    if region.max_cost is not None:
        costs.append(region.max_cost)
    if region.min_accuracy is not None:
        lows.append(region.min_accuracy)
        highs.append(region.min_accuracy)
    return geometry.cost_scale(costs), geometry.accuracy_scale(lows, highs)


def _mark(point: PicturePoint, costs: Scale, accuracies: Scale) -> PictureMark:
    cost, accuracy = point.cost, point.accuracy
    return PictureMark(
        x=geometry.across(costs, cost.estimate),
        y=geometry.up(accuracies, accuracy.estimate),
        left=geometry.across(costs, cost.low),
        right=geometry.RIGHT if math.isinf(cost.high) else geometry.across(costs, cost.high),
        top=geometry.up(accuracies, accuracy.high),
        bottom=geometry.up(accuracies, accuracy.low),
    )


def _opening(title: str, description: str) -> Iterator[str]:
    yield (
        f'<svg id="{NAME}" class="picture" viewBox="0 0 {geometry.WIDTH} {geometry.HEIGHT}" role="img" '
        f'aria-labelledby="{NAME}--title {NAME}--desc">'
    )
    yield f'<title id="{NAME}--title">{_text(title)}</title><desc id="{NAME}--desc">{_text(description)}</desc>'


def _region(region: Region, costs: Scale, accuracies: Scale) -> Iterator[str]:
    if region.min_accuracy is None and region.max_cost is None:
        return
    right = geometry.RIGHT if region.max_cost is None else geometry.across(costs, region.max_cost)
    bottom = geometry.BOTTOM if region.min_accuracy is None else geometry.up(accuracies, region.min_accuracy)
    size = f'width="{right - geometry.LEFT:.1f}" height="{bottom - geometry.TOP:.1f}"'
    yield f'<rect class="qualified" x="{geometry.LEFT}" y="{geometry.TOP}" {size}/>'


def _axes(costs: Scale, accuracies: Scale, cost_label: str, tick: Callable[[float], str]) -> Iterator[str]:
    left, right, top, bottom = geometry.LEFT, geometry.RIGHT, geometry.TOP, geometry.BOTTOM
    for share in accuracies.ticks:
        y = geometry.up(accuracies, share)
        yield f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
        yield f'<text class="tick" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f}%</text>'
    for cost in costs.ticks:
        x = geometry.across(costs, cost)
        yield f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{_text(tick(cost))}</text>'
    yield f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>'
    yield f'<text class="axis-label" x="{left - 34}" y="11">accuracy</text>'
    scale = ", logarithmic" if costs.log else ""
    yield (
        f'<text class="axis-label" x="{right}" y="{bottom + 33}" text-anchor="end">{_text(cost_label)}{scale} →</text>'
    )


def _line(points: Sequence[PicturePoint], marks: Sequence[PictureMark], line: Sequence[str]) -> Iterator[str]:
    places = {point.system: mark for point, mark in zip(points, marks, strict=True)}
    joined = [places[name] for name in line if name in places]
    if len(joined) > 1:
        yield f'<polyline class="front" points="{" ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in joined)}"/>'


def _bars(point: PicturePoint, mark: PictureMark) -> Iterator[str]:
    if point.label:
        across, up = (
            f"M{mark.left:.1f} {mark.y:.1f}H{mark.right:.1f}",
            f"M{mark.x:.1f} {mark.top:.1f}V{mark.bottom:.1f}",
        )
        yield f'<path class="bar" stroke="{_colour(point)}" d="{across}{up}"/>'


def _shape(point: PicturePoint, mark: PictureMark) -> str:
    if not point.label:
        return f'<circle class="dot" cx="{mark.x:.1f}" cy="{mark.y:.1f}" r="2.5"/>'
    fill = "var(--paper)" if point.hollow else _colour(point)
    size = 11 if point.chosen else 9
    return (
        f'<use href="#mark-{point.series % len(MARKERS)}" fill="{fill}" stroke="{_colour(point)}" stroke-width="0.14" '
        f'transform="translate({mark.x:.1f} {mark.y:.1f}) scale({size})"/>'
    )


def _named(point: PicturePoint, costs: Scale, tick: Callable[[float], str]) -> str:
    """Return the label, with the cost of a system that is beyond an end of the scale."""
    cost = point.cost.estimate
    if not point.label or costs.low <= cost <= costs.high:
        return point.label
    return f"{point.label} ({tick(cost)} {'←' if cost < costs.low else '→'})"


def _labels(
    points: Sequence[PicturePoint], marks: Sequence[PictureMark], costs: Scale, tick: Callable[[float], str]
) -> Iterator[str]:
    texts = [_named(point, costs, tick) for point in points]
    for point, text, at in zip(points, texts, geometry.labels(marks, texts), strict=True):
        if at is not None:
            kind = "label chosen" if point.chosen else "label"
            where = f'x="{at.x:.1f}" y="{at.y:.1f}" text-anchor="{at.anchor}"'
            yield f"<text class={quoteattr(kind)} {where}>{_text(text)}</text>"


def _colour(point: PicturePoint) -> str:
    return with_variables(colour(point.series))


def _text(text: str) -> str:
    return escape(visible(text))
