"""Power over time: the trace of a system, cell by cell, with its windows.

Drawn by hand and not by matplotlib: a page has one for each of its systems, and each takes matplotlib as long as any
other figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.chart import Plot, axis_lines, level_ticks, opening, path, words
from wattbench_reports.figures.decision_geometry import Scale, cost_scale
from wattbench_reports.figures.flowing_legend import ROW, SAMPLE, LegendEntry, flowing_legend, line_sample
from wattbench_reports.figures.line_path import line_path
from wattbench_reports.figures.shared import colour, tick, with_variables
from wattbench_reports.formatting import units

_CUT = 0.012
"""Gap between two stretches of time, as a share of the total."""
_SEEN = 1 / 20_000
"""The smallest visible gap, as a share of the axis: a thirtieth of a unit of the view box."""
_NUMBERED = 30
"""The number of cells that are numbered under the plot."""

_WIDTH, _PLOT_HEIGHT = 648.0, 130.0
"""Of the view box, and of the plot in it."""
_LEFT, _RIGHT, _BELOW = 48.0, 642.0, 34.0
_SIZE = 10
"""Of letters."""

_Placed = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_INK = "currentColor"
_DASHES = "5 4"
_SHADES = {
    "measured": (_INK, 0.16), "idle": (with_variables(colour(2)), 0.30), "warm-up": (_INK, 0.06),
    "load": (with_variables(colour(3)), 0.20),
}  # fmt: skip
"""Purpose of a window to its colour and opacity."""
_OTHER = (with_variables(colour(4)), 0.20)


@dataclass(frozen=True)
class TraceSpan:
    """A span of time without a cut. Between stretches the axis is cut."""

    cell: int
    """The number of the cell that it belongs to."""
    started_s: float
    finished_s: float


@dataclass(frozen=True)
class Band:
    """A window."""

    started_s: float
    finished_s: float
    purpose: str
    valid: bool


@dataclass(frozen=True)
class Watts:
    """One component."""

    component: str
    series: int
    """Selects its colour."""
    at_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    """NaN where the line breaks."""
    idle_w: float | None
    """None: not known."""


def power(
    stretches: Sequence[TraceSpan], bands: Sequence[Band], watts: Sequence[Watts], *, system: str, name: str
) -> str:
    """Plot watts per component over time, windows as bands and idle levels as dashed lines.

    Args:
        stretches: in the order of time, not overlapping; at least one.
        bands: each within a stretch.
        watts: at least one.
        system: whose trace it is, for the title.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    axis = _Axis(stretches)
    shades = list(_shades(axis, bands, name))
    entries = [_line_entry(each.component, each.series) for each in watts]
    entries += [shade.entry for shade in shades]
    entries += [_line_entry("idle level", each.series, _DASHES) for each in watts if each.idle_w is not None][:1]
    legend, top = flowing_legend(entries, _LEFT, _RIGHT, 2.0)
    plot = Plot(_LEFT, _RIGHT, top + ROW / 2, top + ROW / 2 + _PLOT_HEIGHT, inset=0.0)
    scale = cost_scale((0.0, _highest(watts)))
    x_of, y_of = axis.across(plot), _up(plot, scale)
    return "".join((
        opening(
            name, _WIDTH, plot.bottom + _BELOW, f"Power of {system} over time",
            f"{units.plural(axis.cells, 'cell')} in sequence. {_described(watts)}", kind="figure",
        ),
        _hatching(name) if any(shade.hatched for shade in shades) else "",
        legend,
        *(shade.drawn(plot) for shade in shades),
        *level_ticks(plot, scale, lambda value: tick(value, "W")),
        *(_trace(axis, each, plot, y_of) for each in watts),
        *(_idle_line(plot, y_of, each.idle_w, each.series) for each in watts if each.idle_w is not None),
        axis_lines(plot),
        *_numbers(axis, plot, x_of),
        words(
            (plot.left + plot.right) / 2, plot.bottom + 28,
            f"cell; {units.duration(axis.shown_s)} in total, time between cells cut out", anchor="middle", size=_SIZE,
        ),
        "</svg>",
    ))  # fmt: skip


class _Axis:
    """Maps times to positions on an axis from which the time between stretches is cut."""

    def __init__(self, stretches: Sequence[TraceSpan]) -> None:
        self._stretches = stretches
        self._starts_s = np.array([stretch.started_s for stretch in stretches])
        lengths_s = np.array([stretch.finished_s - stretch.started_s for stretch in stretches])
        self.shown_s = float(lengths_s.sum())
        self._lengths_s = lengths_s
        self._offsets_s = np.concatenate([[0.0], np.cumsum(lengths_s + _CUT * self.shown_s)[:-1]])
        self.whole_s = max(float(self._offsets_s[-1] + lengths_s[-1]), 1e-9)
        self.cells = len({stretch.cell for stretch in stretches})

    def across(self, plot: Plot) -> _Placed:
        """Return a function from positions on the axis to places in a plot."""

        def places(at: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(plot.left + at / self.whole_s * (plot.right - plot.left))

        return places

    def at(self, moments_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map times to positions; those in a cut to the end of the stretch before it."""
        stretch = np.maximum(np.searchsorted(self._starts_s, moments_s, side="right") - 1, 0)
        return np.asarray(
            self._offsets_s[stretch] + np.clip(moments_s - self._starts_s[stretch], 0.0, self._lengths_s[stretch])
        )

    def line(self, watts: Watts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map a line to positions and watts, broken at each cut."""
        stretch = np.searchsorted(self._starts_s, watts.at_s, side="right")
        cuts = np.flatnonzero(np.diff(stretch)) + 1
        return np.insert(self.at(watts.at_s), cuts, np.nan), np.insert(watts.power_w, cuts, np.nan)

    def numbers(self) -> tuple[list[float], list[str]]:
        """Choose the positions of cell numbers, and the numbers."""
        middles: dict[int, list[float]] = {}
        for stretch, offset_s, length_s in zip(self._stretches, self._offsets_s, self._lengths_s, strict=True):
            middles.setdefault(stretch.cell, []).append(float(offset_s + length_s / 2.0))
        every = -(-len(middles) // _NUMBERED)
        shown = list(middles.items())[::every]
        return [sum(each) / len(each) for _, each in shown], [str(cell) for cell, _ in shown]


@dataclass(frozen=True)
class _Shade:
    """All bands of a kind as one path: a path each would be most of the plot's bytes."""

    label: str
    edges: NDArray[np.float64]
    """Shape (bands, 2): in units of the view box, from the left edge of the plot."""
    fill: str
    opacity: float
    hatched: str
    """Refers to the hatching of windows that are not valid; empty: they are valid."""

    def drawn(self, plot: Plot) -> str:
        """Draw the bands over the height of a plot."""
        return self._boxes(
            "".join(
                f"M{plot.left + start:.1f} {plot.top:g}H{plot.left + end:.1f}V{plot.bottom:g}H{plot.left + start:.1f}Z"
                for start, end in self.edges.tolist()
            )
        )

    @property
    def entry(self) -> LegendEntry:
        """Return the entry of the legend."""
        return LegendEntry(self.label, lambda x, y: self._boxes(f"M{x:g} {y - 4:g}h{SAMPLE:g}v8h{-SAMPLE:g}Z"))

    def _boxes(self, d: str) -> str:
        boxes = f'<path d="{d}" fill="{self.fill}" opacity="{self.opacity:g}"/>'
        return f'{boxes}<path d="{d}" fill="{self.hatched}" opacity="0.35"/>' if self.hatched else boxes


def _shades(axis: _Axis, bands: Sequence[Band], name: str) -> Iterator[_Shade]:
    for purpose, valid in dict.fromkeys((band.purpose, band.valid) for band in bands):
        same = [band for band in bands if (band.purpose, band.valid) == (purpose, valid)]
        edges = _joined(axis.at(np.array(sorted((band.started_s, band.finished_s) for band in same))), axis.whole_s)
        fill, opacity = _SHADES.get(purpose, _OTHER)
        yield _Shade(
            purpose if valid else f"{purpose}, not valid", edges / axis.whole_s * (_RIGHT - _LEFT), fill, opacity,
            "" if valid else f"url(#{name}--hatching)",
        )  # fmt: skip


def _hatching(name: str) -> str:
    return (
        f'<defs><pattern id="{name}--hatching" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><path d="M0 0V5" fill="none" stroke="{_INK}" stroke-width="1.2"/></pattern>'
        "</defs>"
    )


def _joined(edges: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    """Join bands without a visible gap between them: a long run has thousands.

    Args:
        edges: shape (bands, 2), in the order of their beginnings.
        whole: of the axis.
    """
    ends = np.maximum.accumulate(edges[:, 1])
    first = np.flatnonzero(np.append(True, edges[1:, 0] - ends[:-1] > _SEEN * whole))
    return np.column_stack([edges[first, 0], ends[np.append(first[1:] - 1, len(ends) - 1)]])


def _line_entry(text: str, series: int, dash: str = "") -> LegendEntry:
    stroke = with_variables(colour(series))
    return LegendEntry(text, lambda x, y: line_sample(x, y, stroke, 1.4, dash=dash))


def _highest(watts: Sequence[Watts]) -> float:
    readings = [each.power_w[np.isfinite(each.power_w)] for each in watts]
    known = [float(each.max()) for each in readings if len(each)]
    return max([0.0, *known, *(each.idle_w for each in watts if each.idle_w is not None)])


def _up(plot: Plot, scale: Scale) -> _Placed:
    """Return a function from watts to heights; a reading beyond an end is at the end, NaN stays."""

    def heights(power_w: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(plot.bottom - np.clip(power_w / scale.high, 0.0, 1.0) * (plot.bottom - plot.top))

    return heights


def _trace(axis: _Axis, watts: Watts, plot: Plot, y_of: _Placed) -> str:
    at, power_w = axis.line(watts)
    return path(line_path(axis.across(plot)(at), y_of(power_w)), with_variables(colour(watts.series)), 1)


def _idle_line(plot: Plot, y_of: _Placed, idle_w: float, series: int) -> str:
    y = float(y_of(np.array(idle_w)))
    return path(f"M{plot.left:g} {y:.1f}H{plot.right:g}", with_variables(colour(series)), 0.9, dash=_DASHES)


def _numbers(axis: _Axis, plot: Plot, x_of: _Placed) -> Iterator[str]:
    places, numbers = axis.numbers()
    for x, number in zip(x_of(np.array(places)).tolist(), numbers, strict=True):
        yield words(x, plot.bottom + 13, number, anchor="middle", size=_SIZE)


def _described(watts: Sequence[Watts]) -> str:
    parts = []
    for each in watts:
        known = each.power_w[np.isfinite(each.power_w)]
        if len(known):
            between = f"from {units.quantity(float(known.min()), 'W')} to {units.quantity(float(known.max()), 'W')}"
            idle = f", idle {units.quantity(each.idle_w, 'W')}" if each.idle_w is not None else ""
            parts.append(f"{each.component}: {between}{idle}.")
    return " ".join(parts)
