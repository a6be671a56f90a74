"""Return judged answers as data for JSON: what is a judge's opinion has that in its name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wattbench_reports.comparison.comparison import Comparison
from wattbench_reports.comparison.judges import JudgeBill, JudgedTask
from wattbench_reports.export.frames.judged_frame import COLUMNS, judged_rows
from wattbench_reports.formatting.json_text import plain_data

_OF_TASK = ("run", "task", "judge", "scale", "counts", "why_opinion")
"""Columns of a row that are the same for all systems of a task."""


def judged_data(comparison: Comparison) -> dict[str, Any]:
    """Return the judged tasks, the bills of judging, and the systems that are or resemble a judge."""
    judged = comparison.judged
    assert judged is not None
    rows = list(judged_rows(comparison))
    return {
        "tasks": [
            _task(task) | {"systems": [_system(row) for row in rows if row["run"] == task.run and row["task"] == task.task]}
            for task in judged.tasks
        ],
        "bills": [_bill(each) for each in judged.bills],
        "related": {judge: list(systems) for judge, systems in judged.related.items()},
        "nothing_scored": judged.nothing_scored,
    }


def _system(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in COLUMNS if name not in _OF_TASK}


def _task(task: JudgedTask) -> dict[str, Any]:
    data: dict[str, Any] = plain_data(asdict(task))
    del data["systems"]
    return data | {"counts": task.counts}


def _bill(bill: JudgeBill) -> dict[str, Any]:
    return plain_data(asdict(bill)) | {
        "energy_j_per_answer": bill.energy_j_per_answer,
        "seconds_per_answer": bill.seconds_per_answer,
        "money_per_answer": bill.money_per_answer,
    }
