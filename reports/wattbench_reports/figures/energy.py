"""Joules per request by component."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import (
    TEXT_SIZE,
    Plot,
    across_label,
    across_ticks,
    axis_lines,
    opening,
    percent_tick,
    share_scale,
    words,
)
from wattbench_reports.figures.decision_geometry import text_width
from wattbench_reports.figures.flowing_legend import ROW, SAMPLE, LegendEntry, flowing_legend
from wattbench_reports.figures.shared import colour, with_variables
from wattbench_reports.figures.wide_figure import RIGHT, WIDTH
from wattbench_reports.formatting import units

_BAR, _BETWEEN = 16.0, 10.0
"""Heights of a bar, and of what is between two."""
_BELOW = 40.0
"""The height of the axis's numbers and label."""
_SIZE = 10.5
"""Of letters."""
_ROOM = 1.15
"""How much room a name has, in its estimated widths: some fonts are wider."""
_LONGEST = 30
"""The longest name of a system, in characters; the table has it in full."""
_FAINT = 0.4
_SHARES = share_scale((0.0, 1.0))


@dataclass(frozen=True)
class Slice:
    """A part of one system's joules."""

    label: str
    """``gpu0 idle``; the same in every bar."""
    series: int
    """Its component's index, which selects its colour."""
    joules: float
    faint: bool
    """Idle draw, plotted faintly."""


@dataclass(frozen=True)
class Bar:
    """One system."""

    system: str
    joules: float
    """Per request, total."""
    slices: tuple[Slice, ...]
    """Their joules add up to the total."""


def energy(bars: Sequence[Bar]) -> str:
    """Plot the share of each component in the joules of a request, one bar per system, labelled with its joules.

    Shares, since systems differ by orders of magnitude, and stacked bars cannot be logarithmic.

    Returns:
        An `<svg>` element.
    """
    parts = dict.fromkeys((part.label, part.series, part.faint) for bar in bars for part in bar.slices)
    legend, top = flowing_legend([_entry(*part) for part in parts], 6.0, RIGHT, 2.0)
    names = clipped_apart([bar.system for bar in bars], _LONGEST)
    joules = [units.quantity(bar.joules, "J") for bar in bars]
    top += ROW / 2
    bottom = top + _BETWEEN + (_BAR + _BETWEEN) * len(bars)
    plot = Plot(12 + _widest(names), RIGHT - 8 - _widest(joules), top, bottom, inset=0.0)
    described = "; ".join(
        f"{bar.system}: {total}, of which "
        + ", ".join(f"{part.label} {units.percent(part.joules / bar.joules)}" for part in bar.slices)
        for bar, total in zip(bars, joules, strict=True)
    )
    said = f"Share of each component in the joules of a request, one bar per system. {described}."
    return "".join((
        opening("energy-figure", WIDTH, bottom + _BELOW, "Joules per request by component", said, kind="figure"),
        legend,
        *across_ticks(plot, _SHARES, percent_tick),
        *(each for row in enumerate(zip(bars, names, joules, strict=True)) for each in _row(plot, *row)),
        axis_lines(plot),
        across_label(plot, "share of joules per request, %"),
        "</svg>",
    ))  # fmt: skip


def _widest(texts: Sequence[str]) -> float:
    return _ROOM * _SIZE / TEXT_SIZE * max(map(text_width, texts), default=0.0)


def _entry(label: str, series: int, faint: bool) -> LegendEntry:
    return LegendEntry(label, lambda x, y: _box(x, y - 4.5, SAMPLE, 9.0, series, faint=faint))


def _row(plot: Plot, row: int, of_bar: tuple[Bar, str, str]) -> Iterator[str]:
    """Draw a bar, with its system before it and its joules behind it."""
    bar, name, joules = of_bar
    y, before_j = plot.top + _BETWEEN + row * (_BAR + _BETWEEN), 0.0
    for part in bar.slices:
        left, right = (plot.across(_SHARES, sum_j / bar.joules) for sum_j in (before_j, before_j + part.joules))
        yield _box(left, y, right - left, _BAR, part.series, faint=part.faint)
        before_j += part.joules
    yield words(plot.left - 6, y + 12, name, anchor="end", size=_SIZE)
    yield words(plot.right + 6, y + 12, joules, size=_SIZE)


def _box(x: float, y: float, width: float, height: float, series: int, *, faint: bool) -> str:
    opacity = f' opacity="{_FAINT:g}"' if faint else ""
    d = f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}Z"
    return f'<path d="{d}" fill="{with_variables(colour(series))}"{opacity}/>'
