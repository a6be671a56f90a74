"""Retention of a student relative to its teacher, by task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.figures.shared import axes_for, colour, marker
from wattbench_reports.figures.svg import INK, inline_svg
from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval


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
    ends = [each.high if math.isfinite(each.high) else each.estimate for each in known]
    right = 100 * max([1.0, *ends])
    with axes_for(0) as (figure, axes):
        figure.set_figheight(1.1 + 0.36 * len(tasks))
        axes.axvline(100, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        for row, task in enumerate(tasks):
            kept = task.retention
            if kept is None:
                axes.text(1, row, "undefined: the teacher is never right", va="center", color=INK, fontsize=9.5)
                continue
            # Where nothing bounds it the bar goes to the edge; the table says ∞.
            high = kept.high if math.isfinite(kept.high) else right * 1.2 / 100
            axes.errorbar(
                [100 * kept.estimate],
                [row],
                xerr=[[100 * (kept.estimate - kept.low)], [100 * (high - kept.estimate)]],
                fmt=marker(series),
                color=colour(series),
                markersize=8,
                elinewidth=1.6,
            )
        axes.set_yticks(range(len(tasks)), [task.task for task in tasks])
        axes.set_ylim(len(tasks) - 0.4, -0.6)
        axes.set_xlim(0, right * 1.06)
        axes.set_xlabel("retention, % of the teacher's accuracy")
        axes.grid(visible=False, axis="y")
        described = "; ".join(
            f"{task.task}: {'undefined' if task.retention is None else units.percent_interval(task.retention)}"
            for task in tasks
        )
        return inline_svg(
            figure,
            name=name,
            title=f"Retention of {student} relative to {teacher}",
            description=(
                "Student accuracy divided by teacher accuracy, with 95% confidence intervals, one row per task. "
                f"{described}."
            ),
        )
