"""Return judged answers as data for JSON: what is a judge's opinion has that in its name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from wattbench_reports.comparison.judges import JudgeBill, JudgedAnswers, JudgedTask, OpinionOnSystem
from wattbench_reports.export.frames.judged_frame import COLUMNS, judged_row
from wattbench_reports.formatting.json_text import plain_data

_OF_TASK = frozenset({"run", "task", "judge", "scale", "counts", "why_opinion"})
"""Columns that are the same for all systems of a task."""


def judged_data(judged: JudgedAnswers) -> dict[str, Any]:
    """Return the judged tasks, the bills of judging, and the systems that are or resemble a judge."""
    return {
        "tasks": [_task(each) for each in judged.tasks],
        "bills": [_bill(each) for each in judged.bills],
        "related": {judge: list(systems) for judge, systems in judged.related.items()},
        "nothing_scored": judged.nothing_scored,
    }


def _task(task: JudgedTask) -> dict[str, Any]:
    data: dict[str, Any] = plain_data(asdict(task))
    return data | {"counts": task.counts, "systems": [_system(task, each) for each in task.systems]}


def _system(task: JudgedTask, each: OpinionOnSystem) -> dict[str, Any]:
    row = judged_row(task, each)
    return {name: row[name] for name in COLUMNS if name not in _OF_TASK}


def _bill(bill: JudgeBill) -> dict[str, Any]:
    data: dict[str, Any] = plain_data(asdict(bill))
    return data | {
        "energy_j_per_answer": bill.energy_j_per_answer,
        "seconds_per_answer": bill.seconds_per_answer,
        "money_per_answer": bill.money_per_answer,
    }
