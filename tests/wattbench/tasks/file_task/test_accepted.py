"""What a score accepts is said for every score, and is so."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from wattbench.config import FileTask
from wattbench.config.file_task import ScoreName
from wattbench.tasks.file_task.accepted import accepted

MORE = {"regex": {"pattern": r"(\d+)"}, "choice": {"choices": ["a", "b"]}, "number": {"tolerance": 0.5}}


@pytest.mark.parametrize("score", get_args(ScoreName))
def test_every_score_says_what_it_accepts(score: str) -> None:
    given = {"file": Path("x.csv"), "input": "q", "target": "a", "score": score, **MORE.get(score, {})}
    said = accepted(FileTask.model_validate(given), ["card", "cash"] if score == "label" else [])
    assert {"label": "(card, cash)", "regex": r"(\d+)", "number": "within 0.5"}.get(score, "reply") in said


def test_many_labels_are_counted() -> None:
    task = FileTask.model_validate({"file": Path("x.csv"), "input": "q", "target": "a", "score": "label"})
    assert "l11 and 188 more)" in accepted(task, [f"l{number}" for number in range(200)])
