"""Build the table of judged answers: a row per judged task and system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.judges import JudgedTask, OpinionOnSystem

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "run": "string",
    "task": "string",
    "system": "string",
    "judge": "string",
    "scale": "string",
    "answers": "int64",
    "not_judged": "int64",
    "judges_opinion": "float64",
    "labels": "int64",
    "people": "int64",
    "corrected": "float64",
    "corrected_low": "float64",
    "corrected_high": "float64",
    "by_definition": "bool",
    "lacking_labels": "int64",
    "counts": "bool",
    "why_opinion": "string",
}
"""The columns in order, with pandas' type of each. What is not known is missing."""

FIRST = (
    "task", "system", "judge", "answers", "not_judged", "judges_opinion", "labels", "corrected", "corrected_low",
    "corrected_high", "counts", "why_opinion",
)  # fmt: skip
"""The columns that a frame has unless others are chosen."""


def judged_frame(comparison: Comparison) -> pd.DataFrame:
    """Return a row per judged task and system, columns `COLUMNS`; no rows where no task is judged."""
    import pandas as pd

    tasks = () if comparison.judged is None else comparison.judged.tasks
    rows = [judged_row(task, each) for task in tasks for each in task.systems]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def judged_row(task: JudgedTask, each: OpinionOnSystem) -> dict[str, Any]:
    """Return the columns of a system's answers to a task, as values for programs."""
    corrected = each.corrected
    return {
        "run": task.run,
        "task": task.task,
        "system": each.system,
        "judge": task.judge,
        "scale": task.scale,
        "answers": each.answers,
        "not_judged": each.not_judged,
        "judges_opinion": each.judges_opinion,
        "labels": each.labels,
        "people": each.people,
        "corrected": None if corrected is None else corrected.estimate,
        "corrected_low": None if corrected is None else corrected.low,
        "corrected_high": None if corrected is None else corrected.high,
        "by_definition": each.by_definition,
        "lacking_labels": each.lacking,
        "counts": task.counts,
        "why_opinion": task.why_opinion or None,
    }
