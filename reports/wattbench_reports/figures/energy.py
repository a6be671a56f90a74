"""Draws joules per request by component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.axes import share_axis
from wattbench_reports.figures.drawing import TEXT_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import INK, colour
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_IN, _AROUND_IN = 0.36, 0.75
"""Heights of a row, and of what is around the bars."""
_LONGEST = 30
"""The longest name of a system, in characters; the table has it in full."""
_FAINT = 0.4


@dataclass(frozen=True)
class Slice:
    """A part of one system's joules."""

    label: str
    """``gpu0 idle``; the same in every bar."""
    series: int
    """Its component's index, which selects its colour."""
    joules: float
    faint: bool
    """It is idle draw."""


@dataclass(frozen=True)
class Bar:
    """The joules of one system."""

    system: str
    joules: float
    """Per request, total."""
    slices: tuple[Slice, ...]
    """Their joules add up to the total."""


def energy(bars: Sequence[Bar]) -> Drawing:
    """Plot the share of each component in the joules of a request, one bar per system, labelled with its joules.

    Shares, since systems differ by orders of magnitude, and stacked bars cannot be logarithmic.
    """
    described = "; ".join(
        f"{bar.system}: {units.quantity(bar.joules, 'J')}, of which "
        + ", ".join(f"{part.label} {units.percent(part.joules / bar.joules)}" for part in bar.slices)
        for bar in bars
    )
    return Drawing(
        "energy-figure",
        "Joules per request by component",
        f"Share of each component in the joules of a request, one bar per system. {described}.",
        partial(_draw, bars),
        size_in=(WIDE_IN, _AROUND_IN + _ROW_IN * len(bars)),
    )


def _draw(bars: Sequence[Bar], panels: Sequence[Axes]) -> None:
    (axes,) = panels
    for row, bar in enumerate(bars):
        before_j = 0.0
        for part, label in zip(bar.slices, short(part.label for part in bar.slices), strict=True):
            axes.barh(
                row, part.joules / bar.joules, left=before_j / bar.joules, height=0.62, label=label, linewidth=0,
                color=colour(part.series), alpha=_FAINT if part.faint else None,
            )  # fmt: skip
            before_j += part.joules
        axes.annotate(
            units.quantity(bar.joules, "J"), (1.0, row), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=TEXT_PT, color=INK, annotation_clip=False,
        )  # fmt: skip
    share_axis(axes.xaxis)
    axes.set(xlim=(0, 1), ylim=(len(bars) - 0.5, -0.5), xlabel="share of joules per request, %")
    axes.set_yticks(range(len(bars)), short((bar.system for bar in bars), _LONGEST))
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
