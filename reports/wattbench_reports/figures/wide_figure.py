"""Draws the frame of a wide figure: a legend above two axes with their labels and ticks.

By hand: laying out, drawing and rewriting one with matplotlib takes as long as reading a run, and a page has several.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wattbench_reports.figures.chart import (
    Colour,
    Plot,
    across_label,
    across_ticks,
    axis_lines,
    level_ticks,
    opening,
    words,
)
from wattbench_reports.figures.decision_geometry import Scale
from wattbench_reports.figures.flowing_legend import ROW, LegendEntry, flowing_legend

WIDTH, LEFT, RIGHT = 648.0, 48.0, 642.0
"""Of the view box, and the ends of the plot in it."""
_HEIGHT, _BELOW = 240.0, 40.0
"""Of the plot, and of what is under it."""
_SIZE = 11
"""Of letters."""


@dataclass(frozen=True)
class Axis:
    """One axis."""

    label: str
    scale: Scale
    tick: Callable[[float], str]
    """Writes a value at it."""


def wide_figure(
    name: str,
    title: str,
    description: str,
    entries: Sequence[LegendEntry],
    across: Axis,
    up: Axis,
    drawn: Callable[[Plot], Iterable[str]],
) -> str:
    """Draw a figure.

    Args:
        name: its id, unique in the page.
        title: for screen readers, the name of the image.
        description: for screen readers, what the image shows.
        entries: of the legend.
        across: the horizontal axis.
        up: the vertical axis.
        drawn: draws what is in the plot.

    Returns:
        An `<svg>` element for a page that has the shapes of `wattbench_reports.figures.marks.marks_svg`.
    """
    legend, top = flowing_legend(entries, LEFT, RIGHT, 2.0)
    plot = Plot(LEFT, RIGHT, top + 1.5 * ROW, top + 1.5 * ROW + _HEIGHT)
    return "".join((
        opening(name, WIDTH, plot.bottom + _BELOW, title, description, kind="figure"),
        legend,
        words(6, plot.top - 6, up.label, colour=Colour.QUIET, size=_SIZE),
        *level_ticks(plot, up.scale, up.tick),
        *across_ticks(plot, across.scale, across.tick),
        axis_lines(plot),
        *drawn(plot),
        across_label(plot, across.label),
        "</svg>",
    ))  # fmt: skip
