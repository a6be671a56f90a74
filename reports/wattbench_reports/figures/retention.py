"""Retention of a student relative to its teacher, by task."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattbench.terminal import clipped_apart
from wattbench_reports.figures.chart import (
    Colour,
    Plot,
    across_label,
    across_ticks,
    axis_lines,
    opening,
    path,
    percent_tick,
    words,
)
from wattbench_reports.figures.decision_geometry import Scale, cost_scale
from wattbench_reports.figures.grid import EDGE, NAME_SIZE, WIDTH, side
from wattbench_reports.figures.marks import mark_at
from wattbench_reports.figures.shared import colour, with_variables
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

_ROW, _TOP, _BELOW = 24.0, 4.0, 40.0
"""Heights of a row, of what is above the first one and of what is under the last one."""
_MARK = 8.0
"""The width of a mark."""
_LONGEST = 30
"""The longest name of a task, in characters; the table has it in full."""


@dataclass(frozen=True)
class TaskRetention:
    """One task."""

    task: str
    retention: Interval | None
    """Student accuracy divided by teacher accuracy; None where the teacher is never right."""


def retention(tasks: Sequence[TaskRetention], *, series: int, name: str, student: str, teacher: str) -> str:
    """Plot student accuracy divided by teacher accuracy with its interval, one row per task; 100% is the teacher.

    Args:
        tasks: one at least.
        series: the student's index among all systems, which selects its colour and shape.
        name: of the figure, unique in the page.
        student: its name.
        teacher: its name.

    Returns:
        An `<svg>` element.
    """
    known = [task.retention for task in tasks if task.retention is not None]
    scale = cost_scale([0.0, 1.0, *(each.high if math.isfinite(each.high) else each.estimate for each in known)])
    names = clipped_apart([task.task for task in tasks], _LONGEST)
    plot = Plot(side(names), WIDTH - EDGE, _TOP, _TOP + _ROW * len(tasks))
    described = "; ".join(
        f"{task.task}: {'undefined' if task.retention is None else units.percent_interval(task.retention)}"
        for task in tasks
    )
    said = (
        f"Student accuracy divided by teacher accuracy, with 95% confidence intervals, one row per task. {described}."
    )
    title, teachers = f"Retention of {student} relative to {teacher}", plot.across(scale, 1.0)
    return "".join((
        opening(name, WIDTH, plot.bottom + _BELOW, title, said, kind="figure"),
        *across_ticks(plot, scale, percent_tick),
        axis_lines(plot),
        path(f"M{teachers:.1f} {plot.top:g}V{plot.bottom:g}", Colour.INK, 1.2, dash="4 3"),
        *(
            element
            for row, (task, shown) in enumerate(zip(tasks, names, strict=True))
            for element in _row(plot, scale, plot.top + (row + 0.5) * _ROW, shown, task.retention, series)
        ),
        across_label(plot, "retention, % of the teacher's accuracy"),
        "</svg>",
    ))  # fmt: skip


def _row(plot: Plot, scale: Scale, y: float, name: str, kept: Interval | None, series: int) -> Iterator[str]:
    yield words(plot.left - 6, y + 3.5, name, anchor="end", size=NAME_SIZE)
    if kept is None:
        x = plot.across(scale, 0.0)
        yield words(x, y + 3.5, "undefined: the teacher is never right", size=NAME_SIZE, halo=True)
        return
    # Where nothing bounds it the bar goes to the edge; the table says ∞.
    low, high = plot.across(scale, kept.low), plot.across(scale, min(kept.high, scale.high))
    yield path(f"M{low:.1f} {y:g}H{high:.1f}", with_variables(colour(series)), 1.6)
    yield mark_at(series, plot.across(scale, kept.estimate), y, _MARK)
