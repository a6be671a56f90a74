"""How long a request takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports import units
from reports.figures.shared import axes_for, colour, legend, marker, quantity_axis
from reports.svg import inline_svg

_ECDF_POINTS = 400
"""Steps of a curve that the eye still tells apart."""


@dataclass(frozen=True)
class Curve:
    """A system in the latency figure."""

    system: str
    place: int
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted."""


def latency(curves: Sequence[Curve]) -> str:
    """The share of requests answered within so many seconds, one curve per system. Better is to the left.

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
                color=colour(curve.place),
                linewidth=1.8,
                marker=marker(curve.place),
                markevery=max(1, len(share) // 5),
                markersize=6,
                label=curve.system,
            )
        quantity_axis(axes, [float(second) for curve in curves for second in curve.latency_s[[0, -1]]], "s")
        axes.set_xlabel("seconds from request to last token")
        axes.set_ylabel("requests answered, %")
        axes.set_ylim(0, 102)
        legend(figure, axes)
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
