"""Draws power over time: the trace of each system, cell by cell, with its windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.axes import quantity_axis
from wattbench_reports.figures.drawing import SMALL_PT, TEXT_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import INK, colour
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CUT = 0.012
"""Gap between two stretches of time, as a share of the total."""
_SEEN = 1 / 20_000
"""The smallest visible gap, as a share of the axis: a thirtieth of a point."""
_NUMBERED = 30
"""The number of cells that are numbered under a panel of the whole width."""
_ALONE = 3
"""More systems than this are in two columns."""
_PANEL_IN = 2.4
"""The height of a panel, with what is around it."""
_LONGEST = 40
"""The longest name of a system, in characters; the description has it in full."""

_DASHES = (0, (5, 3))
_SHADES = {"measured": (INK, 0.16), "idle": (colour(2), 0.30), "warm-up": (INK, 0.06), "load": (colour(3), 0.20)}
"""Maps the purpose of a window to a colour and an opacity."""
_OTHER = (colour(4), 0.20)


@dataclass(frozen=True)
class TraceSpan:
    """A stretch of time in a cell; the time between stretches is cut out."""

    cell: int
    """The number of its cell."""
    started_s: float
    finished_s: float


@dataclass(frozen=True)
class Band:
    """A window, drawn as a band."""

    started_s: float
    finished_s: float
    purpose: str
    valid: bool


@dataclass(frozen=True)
class Watts:
    """The power of a component."""

    component: str
    series: int
    """Selects its colour."""
    at_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    """NaN where the line breaks."""
    idle_w: float | None
    """None: not known."""


@dataclass(frozen=True)
class PowerTrace:
    """The power of a system."""

    system: str
    stretches: Sequence[TraceSpan]
    """In the order of time, not overlapping; at least one."""
    bands: Sequence[Band]
    """Each within a stretch."""
    watts: Sequence[Watts]
    """At least one."""


def power(traces: Sequence[PowerTrace]) -> Drawing:
    """Plot watts per component over time, a panel per system, windows as bands and idle levels as dashed lines."""
    columns = 1 if len(traces) <= _ALONE else 2
    described = " ".join(f"{each.system}: {_described(each)}" for each in traces)
    return Drawing(
        "power-figure",
        "Power over time",
        f"One panel per system, its cells in sequence. {described}",
        partial(_draw, traces, columns),
        panels=len(traces),
        columns=columns,
        size_in=(WIDE_IN, _PANEL_IN * -(-len(traces) // columns)),
    )


def _draw(traces: Sequence[PowerTrace], columns: int, panels: Sequence[Axes]) -> None:
    names = short((each.system for each in traces), _LONGEST)
    for axes, trace, name in zip(panels, traces, names, strict=True):
        axis = _Axis(trace.stretches)
        _draw_bands(axes, axis, trace.bands)
        components = short(each.component for each in trace.watts)
        for each, component in zip(trace.watts, components, strict=True):
            axes.plot(*axis.line(each), color=colour(each.series), linewidth=1, label=component)
        for each in trace.watts:
            if each.idle_w is not None:
                axes.axhline(
                    each.idle_w, color=colour(each.series), linewidth=0.9, linestyle=_DASHES, label="idle level"
                )
        quantity_axis(axes.yaxis, [_highest(trace.watts)], "W", log=False, most_ticks=4)
        axes.set_xticks(*axis.numbers(_NUMBERED // columns))
        axes.tick_params(labelsize=SMALL_PT)
        axes.grid(visible=False, axis="x")
        axes.set_xlim(0, axis.whole_s)
        axes.set_title(name, loc="left", fontsize=TEXT_PT, color=INK)
        shown = f"cell; {units.duration(axis.shown_s)} in total, time between cells cut out"
        axes.set_xlabel(shown, fontsize=SMALL_PT)


class _Axis:
    """Maps times to positions on an axis without the time between stretches."""

    def __init__(self, stretches: Sequence[TraceSpan]) -> None:
        self._stretches = stretches
        self._starts_s = np.array([stretch.started_s for stretch in stretches])
        lengths_s = np.array([stretch.finished_s - stretch.started_s for stretch in stretches])
        self.shown_s = float(lengths_s.sum())
        self._lengths_s = lengths_s
        self._offsets_s = np.concatenate([[0.0], np.cumsum(lengths_s + _CUT * self.shown_s)[:-1]])
        self.whole_s = max(float(self._offsets_s[-1] + lengths_s[-1]), 1e-9)

    def at(self, moments_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map times to positions; a time in a cut to the end of the stretch before it."""
        stretch = np.maximum(np.searchsorted(self._starts_s, moments_s, side="right") - 1, 0)
        return np.asarray(
            self._offsets_s[stretch] + np.clip(moments_s - self._starts_s[stretch], 0.0, self._lengths_s[stretch])
        )

    def line(self, watts: Watts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the positions and watts of a line, with a gap at each cut."""
        stretch = np.searchsorted(self._starts_s, watts.at_s, side="right")
        cuts = np.flatnonzero(np.diff(stretch)) + 1
        return np.insert(self.at(watts.at_s), cuts, np.nan), np.insert(watts.power_w, cuts, np.nan)

    def numbers(self, most: int) -> tuple[list[float], list[str]]:
        """Return the positions and texts of at most `most` cell numbers, to be shown on the axis."""
        middles: dict[int, list[float]] = {}
        for stretch, offset_s, length_s in zip(self._stretches, self._offsets_s, self._lengths_s, strict=True):
            middles.setdefault(stretch.cell, []).append(float(offset_s + length_s / 2.0))
        every = -(-len(middles) // most)
        shown = list(middles.items())[::every]
        return [sum(each) / len(each) for _, each in shown], [str(cell) for cell, _ in shown]


def _draw_bands(axes: Axes, axis: _Axis, bands: Sequence[Band]) -> None:
    """Draw the bands of each kind at once: one by one they would be most of the bytes of a page."""
    for purpose, valid in dict.fromkeys((band.purpose, band.valid) for band in bands):
        same = [band for band in bands if (band.purpose, band.valid) == (purpose, valid)]
        edges = _joined(axis.at(np.array(sorted((band.started_s, band.finished_s) for band in same))), axis.whole_s)
        fill, opacity = _SHADES.get(purpose, _OTHER)
        paint: dict[str, Any] = {"facecolor": fill, "alpha": opacity}
        if not valid:
            paint = {"facecolor": "none", "edgecolor": fill, "hatch": "////", "alpha": 0.5}
        axes.broken_barh(
            [(start, end - start) for start, end in edges.tolist()], (0, 1), transform=axes.get_xaxis_transform(),
            linewidth=0, label=purpose if valid else f"{purpose}, not valid", **paint,
        )  # fmt: skip


def _joined(edges: NDArray[np.float64], whole: float) -> NDArray[np.float64]:
    """Join bands that have no visible gap between them: a long run has thousands of bands.

    Args:
        edges: shape (bands, 2), in the order of their beginnings.
        whole: of the axis.
    """
    ends = np.maximum.accumulate(edges[:, 1])
    first = np.flatnonzero(np.append(True, edges[1:, 0] - ends[:-1] > _SEEN * whole))
    return np.column_stack([edges[first, 0], ends[np.append(first[1:] - 1, len(ends) - 1)]])


def _highest(watts: Sequence[Watts]) -> float:
    readings = [each.power_w[np.isfinite(each.power_w)] for each in watts]
    known = [float(each.max()) for each in readings if len(each)]
    return max([0.0, *known, *(each.idle_w for each in watts if each.idle_w is not None)])


def _described(trace: PowerTrace) -> str:
    parts = [units.plural(len({stretch.cell for stretch in trace.stretches}), "cell")]
    for each in trace.watts:
        known = each.power_w[np.isfinite(each.power_w)]
        if len(known):
            between = f"from {units.quantity(float(known.min()), 'W')} to {units.quantity(float(known.max()), 'W')}"
            idle = f", idle {units.quantity(each.idle_w, 'W')}" if each.idle_w is not None else ""
            parts.append(f"{each.component} {between}{idle}")
    return f"{'; '.join(parts)}."
