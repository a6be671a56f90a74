"""Cumulative joules of training and answers against correct answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from wattbench_reports.figures.axes import quantity_axis
from wattbench_reports.figures.drawing import SMALL_PT, Drawing, short
from wattbench_reports.figures.palette import INK, colour, marker
from wattbench_reports.formatting import units

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_POINTS = 61
"""Of a line: evenly on a logarithmic axis, on which a straight line bends."""
_BETWEEN_MARKS = 12
"""Points from one shape of a line to its next."""


@dataclass(frozen=True)
class CourseLine:
    """A system: joules = training + answers × joules per correct answer."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    training_j: float
    j_per_correct: float

    def energy_j(self, answers: float) -> float:
        """Return the cumulative joules after a number of correct answers."""
        return self.training_j + self.j_per_correct * answers


@dataclass(frozen=True)
class Handover:
    """The point from which another system has the fewest joules."""

    answers: float
    energy_j: float
    system: str


def lifecycle(lines: Sequence[CourseLine], handovers: Sequence[Handover], last: float) -> Drawing:
    """Plot cumulative joules against correct answers, both logarithmic. A ring marks a handover.

    Args:
        lines: one per system, one at least.
        handovers: plotted where they are between 1 and `last`.
        last: the number of correct answers at which the axis ends; above 1.
    """
    described = "; ".join(
        f"{line.system}: {units.quantity(line.training_j, 'J')} of training, then "
        f"{units.quantity(line.j_per_correct, 'J')} for each correct answer"
        for line in lines
    )
    turns = "".join(f" From {units.roughly(each.answers)} on, {each.system} has the fewest." for each in handovers)
    return Drawing(
        "lifecycle-figure",
        "Cumulative joules, training included",
        f"Cumulative joules against correct answers, one line per system; lower is better. {described}.{turns}",
        partial(_draw, lines, [each for each in handovers if 1.0 <= each.answers <= last], last),
    )


def _draw(lines: Sequence[CourseLine], handovers: Sequence[Handover], last: float, panels: Sequence[Axes]) -> None:
    (axes,) = panels
    answers = np.geomspace(1.0, last, _POINTS)
    for order, (line, name) in enumerate(zip(lines, short(each.system for each in lines), strict=True)):
        # Lines that lie on each other are told apart by their marks.
        axes.plot(
            answers, line.training_j + line.j_per_correct * answers, color=colour(line.series), linewidth=1.4,
            marker=marker(line.series), markersize=6, markevery=(order % _BETWEEN_MARKS, _BETWEEN_MARKS), label=name,
        )  # fmt: skip
    for each in handovers:
        at = each.answers, each.energy_j
        axes.plot(*at, color=INK, marker="o", markersize=12, markerfacecolor="none", linestyle="none")
        axes.annotate(
            units.roughly(each.answers), at, xytext=(7, -12), textcoords="offset points", fontsize=SMALL_PT,
            color=INK,
        )  # fmt: skip
    ends = [joules for line in lines for end in (1.0, last) if (joules := line.energy_j(end)) > 0] or [1.0]
    quantity_axis(axes.xaxis, [1.0, max(last, 10.0)], "")
    quantity_axis(axes.yaxis, [min(ends), max(*ends, 10 * min(ends))], "J")
    axes.set(xlabel="correct answers", ylabel="cumulative joules, training included")
