"""Read ``accuracy_export.jsonl``: how AIPerf graded each answer (`AccuracyRecordsData` of AIPerf 0.12 and later)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.files import read_objects, text

GRADES = "accuracy_export.jsonl"
METRICS = ("grader_name", "unparsed", "confidence", "explanation", "model_thinking")
"""What else is kept of a grade, under these names."""


@dataclass(frozen=True)
class Grade:
    """The grade of one answer."""

    passed: bool
    task: str
    """Empty if the data set has no tasks."""
    answer: str
    extracted: str
    """What was compared with the target."""
    target: str
    metrics: Mapping[str, Any]


def grades_of(path: Path) -> dict[str, Grade] | None:
    """Return the request's id to its grade; None if the profile was not graded.

    Raises:
        UserError: a line is no grade, or two are of one request.
    """
    if not path.is_file():
        return None
    grades: dict[str, Grade] = {}
    for where, record in read_objects(path):
        identity, passed = record.get("x_request_id"), record.get("passed")
        if not isinstance(identity, str) or not isinstance(passed, bool):
            raise UserError(f"{where}: no x_request_id and passed; this is not a grade of AIPerf")
        if identity in grades:
            raise UserError(f"{where}: the request {identity!r:.60} has a second grade")
        grades[identity] = Grade(
            passed=passed,
            task=text(record.get("task")),
            answer=text(record.get("model_output")),
            extracted=text(record.get("actual")),
            target=text(record.get("expected")),
            metrics={name: record[name] for name in METRICS if record.get(name) not in (None, "")},
        )
    return grades
