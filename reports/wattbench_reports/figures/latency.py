"""Latency of requests, time to first token and time per output token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.chart import Plot, path, percent_tick, share_scale
from wattbench_reports.figures.decision_geometry import Scale, cost_scale
from wattbench_reports.figures.flowing_legend import SAMPLE, LegendEntry, line_sample
from wattbench_reports.figures.marks import mark_at
from wattbench_reports.figures.shared import colour, tick, with_variables
from wattbench_reports.figures.wide_figure import Axis, wide_figure
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import needed, percentile
from wattbench_reports.stats.quantiles import quantiles

_ECDF_POINTS = 200
"""The number of steps of a curve: more could not be seen."""
_MARKS = 5
"""Shapes along a curve, which tell it from others without colour."""
_LINE, _MARK, _BAR = 1.6, 7.0, 4.0
"""The width of a curve, of its shapes and of an interval."""


@dataclass(frozen=True)
class Times:
    """Which times are plotted."""

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
    """A system in the plot of latency."""

    system: str
    series: int
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted; one or more."""
    bounds: Mapping[float, Interval] = field(default_factory=dict)
    """Percentiles that are marked with their 95% intervals, by their share; an upper bound may be infinite."""


def latency(curves: Sequence[LatencyCurve], times: Times = WHOLE) -> str:
    """Plot the cumulative share of requests against time, one curve per system.

    Returns:
        An `<svg>` element.
    """
    scale = cost_scale([float(second) for curve in curves for second in curve.latency_s[[0, -1]]])
    described = "; ".join(f"{curve.system}: {_described(curve)}" for curve in curves)
    return wide_figure(
        times.name,
        times.title,
        f"Cumulative share of {times.of} against {times.label}; better is to the left. "
        f"Bars: 95% intervals of the p50 and the p95. {described}.",
        [_entry(curve) for curve in curves],
        Axis(times.label, scale, lambda value: tick(value, "s")),
        Axis(f"{times.of}, %", _SHARES, percent_tick),
        lambda plot: (_steps(plot, scale, curve) for curve in curves),
    )


_SHARES = share_scale((0.0, 1.0))


def _entry(curve: LatencyCurve) -> LegendEntry:
    def sample(x: float, y: float) -> str:
        line = line_sample(x, y, with_variables(colour(curve.series)), _LINE)
        return line + mark_at(curve.series, x + SAMPLE / 2, y, _MARK)

    return LegendEntry(curve.system, sample)


def _steps(plot: Plot, scale: Scale, curve: LatencyCurve) -> str:
    """Draw a curve: a share holds until the time at which the next one is reached."""
    shares = np.linspace(0, 1, min(len(curve.latency_s), _ECDF_POINTS) + 1)
    seconds = quantiles(curve.latency_s, shares.tolist())
    places = [
        (plot.across(scale, at_s), plot.up(_SHARES, share))
        for at_s, share in zip(seconds, shares.tolist(), strict=True)
    ]
    (x, y), *rest = places
    line = f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in rest)
    marks = (mark_at(curve.series, x, y, _MARK) for x, y in places[:: max(1, len(places) // _MARKS)])
    bars = (_bar(plot, scale, curve, share, bounds) for share, bounds in curve.bounds.items())
    return path(line, with_variables(colour(curve.series)), _LINE) + "".join(bars) + "".join(marks)


def _bar(plot: Plot, scale: Scale, curve: LatencyCurve, share: float, bounds: Interval) -> str:
    """Draw an interval at the height of its share; one without an upper bound ends with the slowest request."""
    ends_s = max(bounds.low, float(curve.latency_s[0])), min(bounds.high, float(curve.latency_s[-1]))
    start, end = (plot.across(scale, each) for each in ends_s)
    y = plot.up(_SHARES, share)
    return path(f"M{start:.1f} {y:.1f}H{end:.1f}", with_variables(colour(curve.series)), _BAR)


def _surely(bounds: Interval | None) -> str:
    return "" if bounds is None else f" {units.quantity_interval(bounds, 's').partition(' ')[2]}"


def _described(curve: LatencyCurve) -> str:
    """Only percentiles that the requests are enough for."""
    seconds = curve.latency_s
    names = {0.5: "half", 0.95: "95%"}
    parts = [
        f"{names[share]} within {units.quantity(percentile(seconds, share), 's')}{_surely(curve.bounds.get(share))}"
        for share in names
        if len(seconds) >= needed(share)
    ]
    return ", ".join(parts) or f"{units.plural(len(seconds), 'request')}, too few for a percentile"
