"""The drawings of the report: one function per figure, each from plain numbers to inline SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reports import units
from reports.stats import Interval
from reports.svg import INK, QUIET, SERIES, SETTINGS, inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPX*p"
"""Nine shapes against eight colours: 72 systems before a pair looks the same, and never told by colour alone."""

_WIDE = 10.0
"""An axis becomes logarithmic when its largest figure is so many times its smallest."""

_ECDF_POINTS = 400
"""Steps of a curve that the eye still tells apart."""

_LEGEND_COLUMNS = 4


@dataclass(frozen=True)
class Point:
    """A system in the trade-off."""

    system: str
    place: int
    """Its place among all systems, which chooses its colour and shape."""
    energy_j: Interval
    """Per request."""
    accuracy: Interval


@dataclass(frozen=True)
class Curve:
    """A system in the latency figure."""

    system: str
    place: int
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted."""


def colour(place: int) -> str:
    """The colour of the system at this place, to be replaced by a variable of the page."""
    return SERIES[place % len(SERIES)]


def marker(place: int) -> str:
    """The shape of the system at this place."""
    return MARKERS[place % len(MARKERS)]


def tradeoff(points: Sequence[Point]) -> str:
    """Accuracy against joules per request, with 95% intervals on both. Better is up and to the left.

    Returns:
        An `<svg>` element.
    """
    with _axes(len(points)) as (figure, axes):
        for point in points:
            energy, accuracy = point.energy_j, point.accuracy
            axes.errorbar(
                [energy.estimate],
                [100 * accuracy.estimate],
                # Where nothing bounds the figure there is no bar to draw; the table beneath says so.
                xerr=_bars(energy),
                yerr=_bars(accuracy, 100),
                fmt=marker(point.place),
                color=colour(point.place),
                markersize=8,
                elinewidth=1.4,
                label=point.system,
            )
        _quantity_axis(axes, [point.energy_j.estimate for point in points], "J")
        axes.set_xlabel("joules per request")
        axes.set_ylabel("accuracy, %")
        top = max((100 * point.accuracy.high for point in points), default=100.0)
        axes.set_ylim(-2, min(100.0, top * 1.1) + 2)  # room for a mark at 0%
        _legend(figure, axes)
        said = "; ".join(
            f"{p.system}: {units.percent_interval(p.accuracy)} at {units.quantity_interval(p.energy_j, 'J')}"
            for p in points
        )
        return inline_svg(
            figure,
            name="tradeoff-figure",
            title="Accuracy against joules per request",
            description=f"Each system with its 95% intervals; better is up and left. {said}.",
        )


def latency(curves: Sequence[Curve]) -> str:
    """The share of requests answered within so many seconds, one curve per system. Better is to the left.

    Returns:
        An `<svg>` element.
    """
    with _axes(len(curves)) as (figure, axes):
        for curve in curves:
            share = np.linspace(0, 1, min(len(curve.latency_s), _ECDF_POINTS) + 1)
            seconds = np.quantile(curve.latency_s, share, method="inverted_cdf")
            axes.step(
                seconds,
                100 * share,
                where="post",
                color=colour(curve.place),
                linewidth=1.8,
                marker=marker(curve.place),
                markevery=max(1, len(share) // 5),
                markersize=6,
                label=curve.system,
            )
        _quantity_axis(axes, [float(second) for curve in curves for second in curve.latency_s[[0, -1]]], "s")
        axes.set_xlabel("seconds from request to last token")
        axes.set_ylabel("requests answered, %")
        axes.set_ylim(0, 102)
        _legend(figure, axes)
        said = "; ".join(
            f"{c.system}: half within {units.quantity(float(np.quantile(c.latency_s, 0.5)), 's')}, "
            f"95% within {units.quantity(float(np.quantile(c.latency_s, 0.95)), 's')}"
            for c in curves
        )
        return inline_svg(
            figure,
            name="latency-figure",
            title="How long a request takes",
            description=f"Cumulative share of requests against seconds; better is to the left. {said}.",
        )


def experts(
    shares: NDArray[np.float64],
    layers: Sequence[int],
    domains: Sequence[str],
    names: Sequence[str],
    *,
    full: float,
    name: str,
) -> str:
    """How large a share of a domain's choices each expert has, layer by layer: the fuller a cell, the larger.

    Args:
        shares: shape (layers, domains, experts).
        layers: their numbers.
        domains: a row of cells each.
        names: the experts', a field of cells each.
        full: the share that a full cell stands for.
        name: of the figure, unique in the page.

    Returns:
        An `<svg>` element.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import MaxNLocator

    columns = min(len(names), 2)
    rows = math.ceil(len(names) / columns)
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(9.0, rows * (0.9 + 0.28 * len(domains))), layout="constrained")
        fields = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for field in fields[len(names) :]:
            field.set_axis_off()
        for expert, field in enumerate(fields[: len(names)]):
            for (layer, domain), share in np.ndenumerate(shares[:, :, expert]):
                fullness = min(share / full, 1.0)
                field.add_patch(Rectangle((layer - 0.5, domain - 0.5), 1, 1, facecolor=colour(0), alpha=fullness))
            field.set_xlim(-0.5, len(layers) - 0.5)
            field.set_ylim(len(domains) - 0.5, -0.5)
            field.set_yticks(range(len(domains)), domains)
            field.xaxis.set_major_locator(MaxNLocator(8, integer=True))
            field.xaxis.set_major_formatter(lambda at, _: str(layers[int(at)]) if 0 <= at < len(layers) else "")
            field.set_title(names[expert], fontsize=10.5, color=INK, loc="left")
            field.tick_params(color=INK, labelcolor=INK, labelsize=9.5)
            for spine in field.spines.values():
                spine.set_color(QUIET)
        figure.supxlabel("layer", fontsize=10.5, color=INK)
        return inline_svg(
            figure,
            name=name,
            title="Share of each expert by layer and domain",
            description=f"One field per expert; empty is a share of 0%, full one of {units.percent(full)} or more.",
        )


def _bars(interval: Interval, scale: float = 1.0) -> list[list[float]] | None:
    """The lengths of the bars to either side. None where nothing bounds the figure: the table beneath says so."""
    if math.isinf(interval.high):
        return None
    return [[scale * (interval.estimate - interval.low)], [scale * (interval.high - interval.estimate)]]


@contextmanager
def _axes(entries: int) -> Iterator[tuple[Figure, Axes]]:
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


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside upper left", ncols=_LEGEND_COLUMNS, frameon=False, fontsize=10.5,
            labelcolor=INK, handletextpad=0.4, columnspacing=1.4,
        )  # fmt: skip


def _quantity_axis(axes: Axes, values: Iterable[float], unit: str) -> None:
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
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit)))


def _tick(value: float, unit: str) -> str:
    number, _, prefixed = units.quantity(value, unit).partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {prefixed}"
