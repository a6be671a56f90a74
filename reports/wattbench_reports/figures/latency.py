"""Draws the distributions of latency, time to first token and time per output token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.axes import quantity_axis, share_axis
from wattbench_reports.figures.drawing import Drawing, short
from wattbench_reports.figures.palette import colour, marker
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import needed, percentile
from wattbench_reports.stats.quantiles import quantiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ECDF_POINTS = 200
"""The number of steps of a curve: more could not be seen."""
_MARKS = 5
"""The number of marks along a curve, which distinguish it without colour."""


@dataclass(frozen=True)
class Times:
    """The kind of times that are plotted."""

    name: str
    """Of the figure, unique in the page."""
    title: str
    label: str
    """Of the horizontal axis."""
    of: str
    """The label of the shares: ``requests answered``."""


WHOLE = Times("latency-figure", "Latency of a request", "seconds from request to last token", "requests answered")
FIRST_TOKEN = Times("first-token-figure", "Time to first token", "seconds from request to first token", "requests")
PER_TOKEN = Times("per-token-figure", "Time per output token", "seconds per output token after the first", "requests")


@dataclass(frozen=True)
class LatencyCurve:
    """The times of one system."""

    system: str
    series: int
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted; one or more."""
    bounds: Mapping[float, Interval] = field(default_factory=dict)
    """Percentiles that are marked with their 95% intervals, by their share; an upper bound may be infinite."""


def latency(curves: Sequence[LatencyCurve], times: Times = WHOLE) -> Drawing:
    """Plot the cumulative share of requests against time, one curve per system."""
    described = "; ".join(f"{curve.system}: {_described(curve)}" for curve in curves)
    return Drawing(
        times.name,
        times.title,
        f"Cumulative share of {times.of} against {times.label}; better is to the left. "
        f"Bars: 95% intervals of the p50 and the p95. {described}.",
        partial(_draw, curves, times),
    )


def _draw(curves: Sequence[LatencyCurve], times: Times, panels: Sequence[Axes]) -> None:
    (axes,) = panels
    for curve, name in zip(curves, short(curve.system for curve in curves), strict=True):
        ink = colour(curve.series)
        shares = np.linspace(0, 1, min(len(curve.latency_s), _ECDF_POINTS) + 1)
        axes.plot(
            quantiles(curve.latency_s, shares.tolist()), shares, drawstyle="steps-post", color=ink, linewidth=1.6,
            marker=marker(curve.series), markersize=7, markevery=max(1, len(shares) // _MARKS), label=name,
            clip_on=False,
        )  # fmt: skip
        for share, bounds in curve.bounds.items():  # without an upper bound up to the slowest request
            ends_s = max(bounds.low, float(curve.latency_s[0])), min(bounds.high, float(curve.latency_s[-1]))
            axes.plot(ends_s, [share, share], color=ink, linewidth=4, solid_capstyle="butt")
    quantity_axis(axes.xaxis, [float(second) for curve in curves for second in curve.latency_s[[0, -1]]], "s")
    share_axis(axes.yaxis)
    axes.set(xlabel=times.label, ylabel=f"{times.of}, %")


def _surely(bounds: Interval | None) -> str:
    return "" if bounds is None else f" {units.quantity_interval(bounds, 's').partition(' ')[2]}"


def _described(curve: LatencyCurve) -> str:
    """Describe the percentiles for which there are enough requests."""
    seconds = curve.latency_s
    names = {0.5: "half", 0.95: "95%"}
    parts = [
        f"{names[share]} within {units.quantity(percentile(seconds, share), 's')}{_surely(curve.bounds.get(share))}"
        for share in names
        if len(seconds) >= needed(share)
    ]
    return ", ".join(parts) or f"{units.plural(len(seconds), 'request')}, too few for a percentile"
