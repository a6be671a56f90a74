"""Power over time: the trace of a system, cell by cell, with its windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import colour, legend, tick
from wattbench_reports.figures.svg import INK, SETTINGS, inline_svg
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CUT = 0.012
"""Gap between two stretches of time, as a share of the total."""
_SEEN = 1 / 20_000
"""The smallest visible gap, as a share of the axis: a thirtieth of a point."""
_NUMBERED = 30
"""The number of cells that are numbered under the plot."""

_SHADES = {"measured": (INK, 0.16), "idle": (colour(2), 0.30), "warm-up": (INK, 0.06), "load": (colour(3), 0.20)}
"""Purpose of a window to its colour and opacity."""
_OTHER = (colour(4), 0.20)

_PLACES = re.compile(r' (?:d|x|y|transform)="[^"]*"')
_LONG = re.compile(r"-?\d+\.\d{2,}")
_GROUP = re.compile(r'<g id="[^"]*"')
_BETWEEN = re.compile(r">\s+<")


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
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = _Axis(stretches)
    with mpl.rc_context({**SETTINGS, "hatch.linewidth": 0.6}):
        figure = Figure(figsize=(9.0, 2.7), layout="constrained")
        axes = figure.subplots()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(INK)
        axes.tick_params(color=INK, labelcolor=INK, labelsize=9.5)
        axes.tick_params(axis="x", bottom=False)
        _shade(axes, axis, bands)
        for each in watts:
            axes.plot(*axis.line(each), color=colour(each.series), linewidth=1.0, label=each.component)
        _idle(axes, axis, watts)
        axes.set_xlim(0, axis.whole_s)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, "W")))
        axes.set_xticks(*axis.numbers())
        axes.set_xlabel(f"cell; {units.duration(axis.shown_s)} in total, time between cells cut out", color=INK)
        legend(figure, axes)
        return _short(
            inline_svg(
                figure,
                name=name,
                title=f"Power of {system} over time",
                description=f"{units.plural(axis.cells, 'cell')} in sequence. {_described(watts)}",
            )
        )


class _Axis:
    """Maps times to positions on an axis from which the time between stretches is cut."""

    def __init__(self, stretches: Sequence[TraceSpan]) -> None:
        self._stretches = stretches
        self._starts_s = np.array([stretch.started_s for stretch in stretches])
        lengths_s = np.array([stretch.finished_s - stretch.started_s for stretch in stretches])
        self.shown_s = float(lengths_s.sum())
        self._lengths_s = lengths_s
        self._offsets_s = np.concatenate([[0.0], np.cumsum(lengths_s + _CUT * self.shown_s)[:-1]])
        self.whole_s = float(self._offsets_s[-1] + lengths_s[-1])
        self.cells = len({stretch.cell for stretch in stretches})

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


def _shade(axes: Axes, axis: _Axis, bands: Sequence[Band]) -> None:
    """Draw all bands of a kind as one path: a path each would be most of the plot's bytes."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for purpose, valid in dict.fromkeys((band.purpose, band.valid) for band in bands):
        same = [band for band in bands if (band.purpose, band.valid) == (purpose, valid)]
        edges = _joined(axis.at(np.array(sorted((band.started_s, band.finished_s) for band in same))), axis.whole_s)
        boxes = [Path([(a, 0), (b, 0), (b, 1), (a, 1), (a, 0)], closed=True) for a, b in edges.tolist()]
        shape = Path.make_compound_path(*boxes)
        across = axes.get_xaxis_transform()
        shade, alpha = _SHADES.get(purpose, _OTHER)
        label = purpose if valid else f"{purpose}, not valid"
        axes.add_patch(PathPatch(shape, transform=across, facecolor=shade, alpha=alpha, linewidth=0.0, label=label))
        if not valid:
            axes.add_patch(
                PathPatch(
                    shape, transform=across, facecolor="none", edgecolor=INK, alpha=0.35, linewidth=0.0, hatch="///"
                )
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


def _idle(axes: Axes, axis: _Axis, watts: Sequence[Watts]) -> None:
    label = "idle level"
    for each in watts:
        if each.idle_w is not None:
            axes.plot(
                [0, axis.whole_s], [each.idle_w] * 2, color=colour(each.series), linewidth=0.9, linestyle=(0, (5, 4)),
                label=label,
            )  # fmt: skip
            label = "_"  # one entry stands for all


def _described(watts: Sequence[Watts]) -> str:
    parts = []
    for each in watts:
        known = each.power_w[np.isfinite(each.power_w)]
        if len(known):
            between = f"from {units.quantity(float(known.min()), 'W')} to {units.quantity(float(known.max()), 'W')}"
            idle = f", idle {units.quantity(each.idle_w, 'W')}" if each.idle_w is not None else ""
            parts.append(f"{each.component}: {between}{idle}.")
    return " ".join(parts)


def _short(svg: str) -> str:
    """Round positions to a tenth of a point and drop ids of groups, which nothing refers to: half the bytes."""
    return _BETWEEN.sub("><", _GROUP.sub("<g", _PLACES.sub(lambda match: _rounded(match[0]), svg)))


def _rounded(places: str) -> str:
    return " " + " ".join(_LONG.sub(lambda number: f"{float(number[0]):.1f}", places).split())
