"""How long a request takes, until its first token, for each later one, and in all."""

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
"""Steps of a curve that the eye still tells apart."""


@dataclass(frozen=True)
class Spell:
    """Which time is drawn."""

    name: str
    """Of the figure, unique in the page."""
    title: str
    label: str
    """Of the horizontal axis."""
    of: str
    """What there are shares of: ``requests answered``."""


WHOLE = Spell("latency-figure", "How long a request takes", "seconds from request to last token", "requests answered")
FIRST_TOKEN = Spell(
    "first-token-figure", "How long the first token takes", "seconds from request to first token", "requests begun"
)
PER_TOKEN = Spell(
    "per-token-figure", "How long each later token takes", "seconds per output token after the first", "requests"
)


@dataclass(frozen=True)
class Curve:
    """A system in the latency figure."""

    system: str
    place: int
    latency_s: NDArray[np.float64]
    """Shape (requests,), sorted; one or more."""


def latency(curves: Sequence[Curve], spell: Spell = WHOLE) -> str:
    """The share of requests within so many seconds, one curve per system. Better is to the left.

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
        axes.set_xlabel(spell.label)
        axes.set_ylabel(f"{spell.of}, %")
        axes.set_ylim(0, 102)
        legend(figure, axes)
        said = "; ".join(f"{curve.system}: {_aloud(curve.latency_s)}" for curve in curves)
        return inline_svg(
            figure,
            name=spell.name,
            title=spell.title,
            description=f"Cumulative share of {spell.of} against {spell.label}; better is to the left. {said}.",
        )


def _aloud(seconds: NDArray[np.float64]) -> str:
    """Only percentiles that the requests are enough for."""
    found = {share: percentile(seconds, share) for share in (0.5, 0.95)}
    told = {0.5: "half", 0.95: "95%"}
    parts = [
        f"{told[share]} within {units.quantity(value, 's')}" for share, value in found.items() if value is not None
    ]
    return ", ".join(parts) or f"{units.plural(len(seconds), 'request')}, too few for a percentile"
