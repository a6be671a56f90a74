"""The energy-latency curve of a system: joules per request against latency, one point per request rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.axes import quantity_axis
from wattbench_reports.figures.drawing import SMALL_PT, Drawing, short
from wattbench_reports.figures.palette import INK, PAPER, colour, marker
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class LoadPoint:
    """A system at one request rate."""

    rate_per_s: float
    latency_s: float
    energy_j: float
    """Per request."""
    held: bool
    """In the long run."""


@dataclass(frozen=True)
class LoadCurve:
    """A system at all request rates."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    points: Sequence[LoadPoint]
    """In the order of the rates."""


def energy_latency(curves: Sequence[LoadCurve], percentile: str) -> Drawing:
    """Plot joules per request against latency; hollow points are not shown to be sustained in the long run.

    Args:
        curves: one per system, each of a point at least.
        percentile: of the latency, such as ``p90``.
    """
    described = "; ".join(
        f"{curve.system} at {point.rate_per_s:g} per second{'' if point.held else ' (not shown to be sustained)'}: "
        f"{units.quantity(point.energy_j, 'J')}, {units.quantity(point.latency_s, 's')}"
        for curve in curves
        for point in curve.points
    )
    return Drawing(
        "load-figure",
        "Joules per request against latency, by rate",
        f"One point per request rate; better is down and left. {described}.",
        partial(_draw, curves, percentile),
    )


def _draw(curves: Sequence[LoadCurve], percentile: str, panels: Sequence[Axes]) -> None:
    (axes,) = panels
    for curve, name in zip(curves, short(curve.system for curve in curves), strict=True):
        ink, shape = colour(curve.series), marker(curve.series)
        places = [(point.latency_s, point.energy_j) for point in curve.points]
        axes.plot(*zip(*places, strict=True), color=ink, linewidth=1.4, marker=shape, markersize=8, label=name)
        for point, at in zip(curve.points, places, strict=True):
            if not point.held:
                axes.plot(*at, color=ink, marker=shape, markersize=8, markerfacecolor=PAPER, linestyle="none", zorder=3)
            axes.annotate(
                f"{point.rate_per_s:g}/s", at, xytext=(7, 5), textcoords="offset points", fontsize=SMALL_PT,
                color=INK,
            )  # fmt: skip
    points = [point for curve in curves for point in curve.points]
    quantity_axis(axes.xaxis, [point.latency_s for point in points], "s")
    quantity_axis(axes.yaxis, [point.energy_j for point in points], "J", log=False)
    axes.set(xlabel=f"{percentile} latency, from the scheduled arrival", ylabel="joules per request")
