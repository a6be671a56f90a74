"""Cumulative joules of training and answers against correct answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wattbench_reports.figures.chart import Colour, Plot, path, polyline, words
from wattbench_reports.figures.decision_geometry import Scale, log_scale
from wattbench_reports.figures.flowing_legend import SAMPLE, LegendEntry, line_sample
from wattbench_reports.figures.marks import mark_at
from wattbench_reports.figures.shared import colour, tick, with_variables
from wattbench_reports.figures.wide_figure import Axis, wide_figure
from wattbench_reports.formatting import units

_POINTS = 61
"""Of a line: evenly on a logarithmic axis, on which a straight line bends."""
_BETWEEN_MARKS = 12
"""Points from one shape of a line to its next."""
_ROOM = 1.2
"""By how much the scale goes beyond the lowest and the highest joules."""
_LINE, _MARK = 1.4, 6.0
"""The width of a line and of its shapes."""


@dataclass(frozen=True)
class CourseLine:
    """A system: joules = training + answers × joules per correct answer."""

    system: str
    series: int
    """Its index among all systems, which selects its colour and shape."""
    training_j: float
    j_per_correct: float

    def energy_j(self, answers: float) -> float:
        """Return the joules after some correct answers."""
        return self.training_j + self.j_per_correct * answers


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
    across, up = log_scale(1.0, last), _joules(lines, last)
    described = "; ".join(
        f"{line.system}: {units.quantity(line.training_j, 'J')} of training, then "
        f"{units.quantity(line.j_per_correct, 'J')} for each correct answer"
        for line in lines
    )
    turns = "".join(f" From {units.roughly(each.answers)} on, {each.system} has the fewest." for each in handovers)
    return wide_figure(
        "lifecycle-figure",
        "Cumulative joules, training included",
        f"Cumulative joules against correct answers, one line per system; lower is better. {described}.{turns}",
        [_entry(line) for line in lines],
        Axis("correct answers", across, lambda value: tick(value, "").strip()),
        Axis("cumulative joules, training included", up, lambda value: tick(value, "J")),
        lambda plot: _drawn(plot, across, up, lines, [each for each in handovers if 1.0 <= each.answers <= last]),
    )


def _joules(lines: Sequence[CourseLine], last: float) -> Scale:
    """Choose the scale of joules, of a factor of 10 at least. Where a line has none, it is at the lower end."""
    ends = [joules for line in lines for end in (1.0, last) if (joules := line.energy_j(end)) > 0]
    low, high = min(ends, default=1.0) / _ROOM, max(ends, default=1.0) * _ROOM
    return log_scale(low, max(high, 10 * low))


def _drawn(
    plot: Plot, across: Scale, up: Scale, lines: Sequence[CourseLine], handovers: Sequence[Handover]
) -> Iterator[str]:
    answers = np.geomspace(1.0, across.high, _POINTS).tolist()
    for order, line in enumerate(lines):
        points = [(plot.across(across, each), plot.up(up, line.energy_j(each))) for each in answers]
        yield path(polyline(points), with_variables(colour(line.series)), _LINE)
        # Lines that lie on each other are told apart by their marks.
        for x, y in points[order % _BETWEEN_MARKS :: _BETWEEN_MARKS]:
            yield mark_at(line.series, x, y, _MARK)
    for each in handovers:
        x, y = plot.across(across, each.answers), plot.up(up, each.energy_j)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6.5" fill="none" stroke="{Colour.INK}" stroke-width="1.4"/>'
        yield words(x + 8, y + 14, units.roughly(each.answers), size=9.5, halo=True)


def _entry(line: CourseLine) -> LegendEntry:
    def sample(x: float, y: float) -> str:
        drawn = line_sample(x, y, with_variables(colour(line.series)), _LINE)
        return drawn + mark_at(line.series, x + SAMPLE / 2, y, _MARK)

    return LegendEntry(line.system, sample)
