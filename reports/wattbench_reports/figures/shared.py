"""Shared by the plots: colours and shapes, axes, ticks and the legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from wattbench_reports.figures.svg import INK, QUIET, SERIES, SETTINGS
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*p"
"""Nine shapes and eight colours: 72 systems before two look the same; never distinguished by colour alone."""

_WIDE = 10.0
"""An axis is logarithmic if its largest value is at least this multiple of its smallest."""

_LEGEND_COLUMNS = 4


def colour(series: int) -> str:
    """Choose a system's colour, to be replaced by a variable of the page."""
    return SERIES[series % len(SERIES)]


def marker(series: int) -> str:
    """Choose a system's shape."""
    return MARKERS[series % len(MARKERS)]


@contextmanager
def axes_for(entries: int) -> Iterator[tuple[Figure, Axes]]:
    """Make an empty plot with room for a legend, under our settings and without pyplot's global state."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    legend_rows = math.ceil(entries / _LEGEND_COLUMNS)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, 4.4 + 0.24 * legend_rows), layout="constrained")
        axes = figure.subplots()
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(INK)
        axes.tick_params(which="both", color=INK, labelcolor=INK, labelsize=10.5)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        axes.grid(visible=True, color=QUIET, linewidth=0.8)
        axes.set_axisbelow(True)
        yield figure, axes


def legend(figure: Figure, axes: Axes) -> None:
    """Add a legend above the plot; none where nothing is labelled."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside upper left", ncols=_LEGEND_COLUMNS, frameon=False, fontsize=10.5,
            labelcolor=INK, handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip


def quantity_axis(axes: Axes, values: Iterable[float], unit: str) -> None:
    """Format an axis with units (200 ms, 1.5 kJ), logarithmic if the range is wide.

    Args:
        axes: whose horizontal axis it is.
        values: that are plotted.
        unit: of them.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    finite = [value for value in values if math.isfinite(value)]
    if finite and min(finite) > 0 and max(finite) >= _WIDE * min(finite):
        axes.set_xscale("log")
        few = max(finite) < 1e3 * min(finite)
        axes.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if few else (1.0,), numticks=12))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6))
        axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, unit)))


def tick(value: float, unit: str, *, money: bool = False) -> str:
    """Format a quantity for an axis, without trailing zeros."""
    number, _, prefixed = (units.money if money else units.quantity)(value, unit).partition(" ")
    return f"{units.trimmed(number)} {prefixed}"
