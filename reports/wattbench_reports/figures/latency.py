"""Latency of requests, time to first token and time per output token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.figures.shared import axes_for, colour, legend, marker, quantity_axis
from wattbench_reports.figures.svg import inline_svg
from wattbench_reports.formatting import units
from wattbench_reports.stats.percentiles import percentile

_ECDF_POINTS = 200
"""The number of steps of a curve: more could not be seen."""


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


def latency(curves: Sequence[LatencyCurve], times: Times = WHOLE) -> str:
    """Plot the cumulative share of requests against time, one curve per system.

    Returns:
        An `<svg>` element.
    """
    with axes_for(len(curves)) as (figure, axes):
        for curve in curves:
            share = np.linspace(0, 1, min(len(curve.latency_s), _ECDF_POINTS) + 1)
            seconds = np.quantile(curve.latency_s, share, method="inverted_cdf")
            axes.step(
                seconds,
                100 * share,
                where="post",
                color=colour(curve.series),
                linewidth=1.8,
                marker=marker(curve.series),
                markevery=max(1, len(share) // 5),
                markersize=6,
                label=curve.system,
            )
        quantity_axis(axes, [float(second) for curve in curves for second in curve.latency_s[[0, -1]]], "s")
        axes.set_xlabel(times.label)
        axes.set_ylabel(f"{times.of}, %")
        axes.set_ylim(0, 102)
        legend(figure, axes)
        described = "; ".join(f"{curve.system}: {_described(curve.latency_s)}" for curve in curves)
        return inline_svg(
            figure,
            name=times.name,
            title=times.title,
            description=f"Cumulative share of {times.of} against {times.label}; better is to the left. {described}.",
        )


def _described(seconds: NDArray[np.float64]) -> str:
    """Only percentiles that the requests are enough for."""
    by_share = {share: percentile(seconds, share) for share in (0.5, 0.95)}
    names = {0.5: "half", 0.95: "95%"}
    parts = [
        f"{names[share]} within {units.quantity(value, 's')}" for share, value in by_share.items() if value is not None
    ]
    return ", ".join(parts) or f"{units.plural(len(seconds), 'request')}, too few for a percentile"
