"""Cumulative joules of training and answers against correct answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.figures.shared import axes_for, colour, legend, marker, tick
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units

_POINTS = 61
"""Of a line: evenly on a logarithmic axis, on which a straight line bends."""


@dataclass(frozen=True)
class CourseLine:
    """A system: joules = training + answers × joules per correct answer."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    training_j: float
    j_per_correct: float


@dataclass(frozen=True)
class Handover:
    """The point from which another system has the fewest joules."""

    answers: float
    energy_j: float
    system: str


def lifecycle(lines: Sequence[CourseLine], handovers: Sequence[Handover], last: float) -> str:
    """Plot cumulative joules against correct answers, both logarithmic. A ring marks a handover.

    Args:
        lines: one per system, one at least.
        handovers: plotted where they are between 1 and `last`.
        last: the number of correct answers at which the axis ends; above 1.

    Returns:
        An `<svg>` element.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    answers = np.geomspace(1.0, last, _POINTS)
    with axes_for(len(lines)) as (figure, axes):
        figure.set_figheight(figure.get_figheight() + 0.6)
        for order, line in enumerate(lines):
            axes.plot(
                answers,
                line.training_j + line.j_per_correct * answers,
                color=colour(line.series),
                linewidth=1.4,
                marker=marker(line.series),
                markersize=5.5,
                markevery=(order % 12, 12),  # lines that lie on each other are told apart by their marks
                label=line.system,
            )
        for each in handovers:
            axes.plot(
                [each.answers], [each.energy_j], marker="o", markersize=13, markerfacecolor="none",
                markeredgecolor=INK, markeredgewidth=1.4, linestyle="none",
            )  # fmt: skip
            axes.annotate(
                units.roughly(each.answers), (each.answers, each.energy_j), xytext=(8, -14),
                textcoords="offset points", fontsize=9.5, color=INK,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(1.0, last)
        for axis, unit in ((axes.xaxis, ""), (axes.yaxis, "J")):
            axis.set_major_locator(LogLocator(base=10, numticks=9))
            axis.set_minor_locator(LogLocator(base=10, numticks=9))
            axis.set_minor_formatter(NullFormatter())
            axis.set_major_formatter(FuncFormatter(lambda value, _, unit=unit: tick(value, unit).strip()))
        axes.set_xlabel("correct answers")
        axes.set_ylabel("cumulative joules, training included")
        legend(figure, axes)
        described = "; ".join(
            f"{line.system}: {units.quantity(line.training_j, 'J')} of training, then "
            f"{units.quantity(line.j_per_correct, 'J')} for each correct answer"
            for line in lines
        )
        turns = "".join(f" From {units.roughly(each.answers)} on, {each.system} has the fewest." for each in handovers)
        return inline_svg(
            figure,
            name="lifecycle-figure",
            title="Cumulative joules, training included",
            description=(
                f"Cumulative joules against correct answers, one line per system; lower is better. {described}.{turns}"
            ),
        )
