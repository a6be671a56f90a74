"""What the figures share: colours and shapes, axes, ticks and the legend."""

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
"""Nine shapes against eight colours: 72 systems before a pair looks the same, and never told by colour alone."""

_WIDE = 10.0
"""An axis becomes logarithmic when its largest figure is so many times its smallest."""

_LEGEND_COLUMNS = 4


def colour(place: int) -> str:
    """The colour of the system at this place, to be replaced by a variable of the page."""
    return SERIES[place % len(SERIES)]


def marker(place: int) -> str:
    """The shape of the system at this place."""
    return MARKERS[place % len(MARKERS)]


@contextmanager
def axes_for(entries: int) -> Iterator[tuple[Figure, Axes]]:
    """An empty plot with room above it for a legend, drawn under our settings and without pyplot's global state."""
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
    """Above the plot, outside it; none where nothing is labelled."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside upper left", ncols=_LEGEND_COLUMNS, frameon=False, fontsize=10.5,
            labelcolor=INK, handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip


def quantity_axis(axes: Axes, values: Iterable[float], unit: str) -> None:
    """Ticks as a person writes them (200 ms, 1.5 kJ), logarithmic where the range is wide."""
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


def tick(value: float, unit: str) -> str:
    """A quantity as an axis shows it: without trailing zeros."""
    number, _, prefixed = units.quantity(value, unit).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {prefixed}"
