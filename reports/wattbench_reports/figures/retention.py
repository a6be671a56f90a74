"""Retention of students relative to their teachers, by task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from wattbench_reports.figures.axes import scale_to
from wattbench_reports.figures.drawing import SMALL_PT, TEXT_PT, WIDE_IN, Drawing, short
from wattbench_reports.figures.palette import INK, colour, marker
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHORT = 16
"""The longest name of a task, in characters, with which two panels have room next to each other."""
_ROW_IN, _AROUND_IN = 0.32, 0.8
"""Height of a task, and of what is above and below the tasks of a panel."""


@dataclass(frozen=True)
class TaskRetention:
    """One task."""

    task: str
    retention: Interval | None
    """Student accuracy divided by teacher accuracy; None where the teacher is never right."""


@dataclass(frozen=True)
class StudentRetention:
    """A student."""

    student: str
    teacher: str
    series: int
    """The student's index among all systems, which selects its colour and shape."""
    tasks: Sequence[TaskRetention]
    """One at least."""


def retention(students: Sequence[StudentRetention]) -> Drawing:
    """Plot student accuracy divided by teacher accuracy with its interval; 100% is the teacher.

    Args:
        students: one at least; a panel each, with one row per task.
    """
    described = " ".join(
        f"{each.student} relative to {each.teacher}: "
        + "; ".join(
            f"{task.task}: {'undefined' if task.retention is None else units.percent_interval(task.retention)}"
            for task in each.tasks
        )
        + "."
        for each in students
    )
    abreast = all(len(task.task) <= _SHORT for each in students for task in each.tasks)
    columns = 2 if len(students) > 1 and abreast else 1
    high = _AROUND_IN + _ROW_IN * max(len(each.tasks) for each in students)
    return Drawing(
        "retention-figure",
        "Retention of students relative to their teachers",
        f"Student accuracy divided by teacher accuracy, with 95% confidence intervals, one row per task. {described}",
        partial(_draw, students),
        panels=len(students),
        columns=columns,
        size_in=(WIDE_IN, high * math.ceil(len(students) / columns)),
    )


def _draw(students: Sequence[StudentRetention], panels: Sequence[Axes]) -> None:
    for axes, each in zip(panels, students, strict=True):
        _panel(axes, each)


def _panel(axes: Axes, each: StudentRetention) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ink = colour(each.series)
    known = [task.retention for task in each.tasks if task.retention is not None]
    most = max([1.0, *(one.high if math.isfinite(one.high) else one.estimate for one in known)])
    axes.axvline(1.0, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    for row, task in enumerate(each.tasks):
        kept = task.retention
        if kept is None:
            axes.text(0.02, row, "undefined: the teacher is never right", va="center", fontsize=SMALL_PT, color=INK)
            continue
        # Without an upper bound the bar goes to the edge; the table says ∞.
        axes.plot([kept.low, min(kept.high, 2 * most)], [row, row], color=ink, linewidth=1.6)
        axes.plot(kept.estimate, row, color=ink, marker=marker(each.series), markersize=8, linestyle="none")
    scale_to(axes.xaxis, 0.0, 1.06 * most)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{round(100 * share, 1):g}%"))
    axes.set_yticks(range(len(each.tasks)), short(task.task for task in each.tasks))
    axes.set_ylim(len(each.tasks) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    student, teacher = short([each.student, each.teacher])
    axes.set_title(f"{student} relative to {teacher}", loc="left", fontsize=TEXT_PT, color=INK)
    axes.set_xlabel("retention, % of the teacher's accuracy")
