"""The energy-latency curve of a system: joules per request against latency, one point per request rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.figures.shared import axes_for, colour, legend, marker, quantity_axis, tick
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units


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


def energy_latency(curves: Sequence[LoadCurve], percentile: str) -> str:
    """Plot joules per request against latency; hollow points are not shown to be sustained in the long run.

    Args:
        curves: one per system, each of a point at least.
        percentile: of the latency, such as ``p90``.

    Returns:
        An `<svg>` element.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    with axes_for(len(curves)) as (figure, axes):
        for curve in curves:
            ink = colour(curve.series)
            axes.plot(
                [point.latency_s for point in curve.points],
                [point.energy_j for point in curve.points],
                color=ink,
                linewidth=1.4,
                marker=marker(curve.series),
                markersize=8,
                markerfacecolor=ink,
                label=curve.system,
                markevery=[index for index, point in enumerate(curve.points) if point.held],
            )
            for point in curve.points:
                if not point.held:
                    axes.plot(
                        [point.latency_s], [point.energy_j], color=ink, marker=marker(curve.series), markersize=8,
                        markerfacecolor="none", linestyle="none",
                    )  # fmt: skip
                axes.annotate(
                    f"{point.rate_per_s:g}/s", (point.latency_s, point.energy_j), xytext=(7, 5),
                    textcoords="offset points", fontsize=9.5, color=INK,
                )  # fmt: skip
        quantity_axis(axes, [point.latency_s for curve in curves for point in curve.points], "s")
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value, "J")))
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"{percentile} latency, from the scheduled arrival")
        axes.set_ylabel("joules per request")
        legend(figure, axes)
        described = "; ".join(
            f"{curve.system} at {point.rate_per_s:g} per second{'' if point.held else ' (not shown to be sustained)'}: "
            f"{units.quantity(point.energy_j, 'J')}, {units.quantity(point.latency_s, 's')}"
            for curve in curves
            for point in curve.points
        )
        return inline_svg(
            figure,
            name="load-figure",
            title="Joules per request against latency, by rate",
            description=f"One point per request rate; better is down and left. {described}.",
        )
