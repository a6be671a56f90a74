"""A gate's evidence over time: the change of each metric with its bounds and margin, look by look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    polyline,
    words,
)
from wattbench_reports.figures.decision_geometry import Scale, multiples, nice
from wattbench_reports.figures.shared import colour, with_variables
from wattbench_reports.figures.wide_figure import LEFT, RIGHT, WIDTH

_ROOM = 2.5
"""Multiple of the margin or last change shown on either side: early bounds are wider and are clipped."""
_HEAD, _HEIGHT, _BELOW = 26.0, 104.0, 40.0
"""Of a metric's title, of its plot, and of what is under the last one."""
_TITLE = 10.5
"""The size of a title's letters."""
_STEPS_UP, _STEPS_ACROSS = 5, 8
"""About how many steps the two scales have."""


@dataclass(frozen=True)
class Looks:
    """The change of one metric at every look. All arrays have the shape (looks,); changes are in hundredths."""

    label: str
    unit: str
    """``points`` or ``%``."""
    items: NDArray[np.int64]
    change: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    margins: tuple[float, ...]
    """With their signs: where a worsening fails."""
    description: str
    """The last change, its bounds and the margin, for screen readers."""


def gate(metrics: Sequence[Looks]) -> str:
    """Plot the change of each metric over the items, with its bounds as a band and its margin as a dashed line.

    Args:
        metrics: one or more, each of a look at least.

    Returns:
        An `<svg>` element.
    """
    across = _items_scale(metrics)
    plots = [
        Plot(LEFT, RIGHT, number * (_HEAD + _HEIGHT) + _HEAD, (number + 1) * (_HEAD + _HEIGHT))
        for number in range(len(metrics))
    ]
    bottom = plots[-1].bottom
    described = (
        "Each with its bounds as a band and its margin as a dashed line. "
        f"{'; '.join(f'{looks.label}: {looks.description}' for looks in metrics)}."
    )
    return "".join((
        opening("gate-figure", WIDTH, bottom + _BELOW, "Change of each metric as items were asked", described,
                kind="figure"),
        *across_ticks(plots[-1], across, lambda value: f"{value:g}"),
        *(
            element
            for series, (plot, looks) in enumerate(zip(plots, metrics, strict=True))
            for element in _one(plot, across, looks, series)
        ),
        across_label(plots[-1], "items asked of each system"),
        "</svg>",
    ))  # fmt: skip


def _one(plot: Plot, across: Scale, looks: Looks, series: int) -> Iterator[str]:
    ink, up = with_variables(colour(series)), _change_scale(looks)
    yield words(plot.left, plot.top - 7, f"{looks.label}, {looks.unit}", size=_TITLE)
    yield from level_ticks(plot, up, lambda value: f"{value:+g}" if value else "0")
    yield axis_lines(plot)
    inside = f"gate-figure--plot-{series}"
    yield (
        f'<clipPath id="{inside}"><rect x="{plot.left:g}" y="{plot.top:g}" width="{plot.right - plot.left:g}" '
        f'height="{plot.bottom - plot.top:g}"/></clipPath><g clip-path="url(#{inside})">'
    )
    for margin in looks.margins:
        yield path(f"M{plot.left:g} {_height(plot, up, margin):.1f}H{plot.right:g}", Colour.INK, 1, dash="5 4")
    bounded = np.isfinite(looks.low) & np.isfinite(looks.high)
    lows, highs = (_places(plot, across, up, looks.items[bounded], ends[bounded]) for ends in (looks.low, looks.high))
    if lows:
        yield band(lows, highs, ink, 0.22)
    known = np.isfinite(looks.change)
    changes = _places(plot, across, up, looks.items[known], looks.change[known])
    yield path(polyline(changes), ink, 1.6)
    for x, y in changes:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{ink}"/>'
    yield "</g>"


def _places(
    plot: Plot, across: Scale, up: Scale, items: NDArray[np.int64], changes: NDArray[np.float64]
) -> list[tuple[float, float]]:
    pairs = zip(items.tolist(), changes.tolist(), strict=True)
    return [(plot.across(across, number), _height(plot, up, change)) for number, change in pairs]


def _height(plot: Plot, up: Scale, change: float) -> float:
    """Return the y of a change, which may be outside of the plot."""
    share = (change - up.low) / (up.high - up.low)
    return plot.bottom - plot.inset - share * (plot.bottom - plot.top - 2 * plot.inset)


def _items_scale(metrics: Sequence[Looks]) -> Scale:
    """Choose the scale of items, which all metrics share; one look alone is in its middle."""
    every = np.concatenate([looks.items for looks in metrics])
    low, high = float(every.min()), float(every.max())
    step = max(1.0, nice((high - low) / _STEPS_ACROSS)) if high > low else 1.0
    alone = 0.5 if high == low else 0.0
    return Scale(low - alone, high + alone, False, multiples(step, low, high))


def _change_scale(looks: Looks) -> Scale:
    """Choose the scale of changes: none is in the middle."""
    far = _ROOM * max(*map(abs, looks.margins), abs(float(looks.change[-1])))
    return Scale(-far, far, False, multiples(nice(2 * far / _STEPS_UP), -far, far))
