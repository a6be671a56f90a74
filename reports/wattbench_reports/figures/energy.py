"""Joules per request by component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.figures.shared import axes_for, colour, legend
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units


@dataclass(frozen=True)
class Slice:
    """A part of one system's joules."""

    label: str
    """``gpu0 idle``; the same in every bar."""
    series: int
    """Its component's index, which selects its colour."""
    joules: float
    faint: bool
    """Idle draw, plotted faintly."""


@dataclass(frozen=True)
class Bar:
    """One system."""

    system: str
    joules: float
    """Per request, total."""
    slices: tuple[Slice, ...]
    """Their joules add up to the total."""


def energy(bars: Sequence[Bar]) -> str:
    """Plot the share of each component in the joules of a request, one bar per system, labelled with its joules.

    Shares, since systems differ by orders of magnitude, and stacked bars cannot be logarithmic.

    Returns:
        An `<svg>` element.
    """
    labels = list(dict.fromkeys((s.label, s.series, s.faint) for bar in bars for s in bar.slices))
    with axes_for(len(labels)) as (figure, axes):
        figure.set_figheight(1.3 + 0.42 * len(bars) + 0.24 * -(-len(labels) // 4))
        for label, series, faint in labels:
            left, widths = [], []
            for bar in bars:
                at = [part.label for part in bar.slices].index(label) if label in {p.label for p in bar.slices} else -1
                left.append(100 * sum(part.joules for part in bar.slices[: max(at, 0)]) / bar.joules)
                widths.append(100 * bar.slices[at].joules / bar.joules if at >= 0 else 0.0)
            axes.barh(
                range(len(bars)), widths, left=left, height=0.62, color=colour(series), alpha=0.4 if faint else 1.0,
                linewidth=0, label=label,
            )  # fmt: skip
        for row, bar in enumerate(bars):
            axes.text(101, row, units.quantity(bar.joules, "J"), va="center", color=INK, fontsize=10.5)
        axes.set_yticks(range(len(bars)), [bar.system for bar in bars])
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_xlim(0, 112)
        axes.set_xticks(range(0, 101, 20))
        axes.set_xlabel("share of joules per request, %")
        axes.grid(visible=False, axis="y")
        legend(figure, axes)
        described = "; ".join(
            f"{bar.system}: {units.quantity(bar.joules, 'J')}, of which "
            + ", ".join(f"{part.label} {units.percent(part.joules / bar.joules)}" for part in bar.slices)
            for bar in bars
        )
        return inline_svg(
            figure,
            name="energy-figure",
            title="Joules per request by component",
            description=f"Share of each component in the joules of a request, one bar per system. {described}.",
        )
