"""The accuracy that a run shows while it goes on: that of lm-eval, made outside of windows, in little time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data import answers
from tests.made_up.rows import ANSWER
from wattbench.config import Resolved, load_suite
from wattbench.measure import live_scores
from wattbench.measure.live_scores import LiveScores
from wattbench.measure.scorer import Scorer
from wattbench.records import AnswerRow
from wattbench.tasks.loading import load_task

SUITE = Path(__file__).parents[2] / "data" / "suite.yaml"


@pytest.fixture(scope="module")
def resolved() -> Resolved:
    return load_suite(str(SUITE))


@pytest.fixture(scope="module")
def rows(resolved: Resolved) -> dict[str, list[AnswerRow]]:
    """Ten answers, of which those to sums of one digit are right, and one request that failed."""
    task = load_task(resolved, resolved.tasks[0]).task
    replies = [answers.add_small(task.doc_to_text(task.eval_docs[doc_id])) for doc_id in range(0, 40, 4)]
    answered = [_row(4 * number, reply) for number, reply in enumerate(replies)]
    return {"sums": [*answered, _row(1, "", failure="refused")]}


def _row(doc_id: int, reply: str, **more: Any) -> AnswerRow:
    return replace(ANSWER, doc_id=doc_id, replies=[reply], **more)


def test_scores_are_those_of_the_end_of_the_run(resolved: Resolved, rows: dict[str, list[AnswerRow]]) -> None:
    scored = LiveScores(resolved).of(rows)
    final = [score.correct for score in Scorer(resolved, resolved.tasks[0]).score(rows["sums"])]
    assert scored == (sum(final), 11)
    assert 0 < sum(final) < 10


def test_numbers_that_systems_draw_are_as_without_it(resolved: Resolved, rows: dict[str, list[AnswerRow]]) -> None:
    random.seed(7)
    np.random.seed(7)
    expected = random.random(), np.random.random()
    random.seed(7)
    np.random.seed(7)
    assert LiveScores(resolved).of(rows) is not None
    assert (random.random(), np.random.random()) == expected


def fails(*_: object, **__: object) -> Any:
    raise ValueError("the task's own code")


def runs_code(self: Scorer, *arguments: Any, **more: Any) -> None:
    made(self, *arguments, **more)
    self.loaded.task.UNSAFE_CODE = True


made = Scorer.__init__


@pytest.mark.parametrize(
    ("name", "change"),
    [("score", fails), ("__init__", fails), ("__init__", runs_code)],
    ids=["fails", "cannot be loaded", "unsafe"],
)
def test_what_cannot_be_scored_is_tried_once(
    resolved: Resolved,
    rows: dict[str, list[AnswerRow]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    change: Callable[..., Any],
) -> None:
    scores = LiveScores(resolved)
    monkeypatch.setattr(Scorer, name, change)
    assert scores.of(rows) is None
    monkeypatch.undo()
    assert scores.of(rows) is None


def test_a_task_that_is_slow_to_score_is_left_out(
    resolved: Resolved, rows: dict[str, list[AnswerRow]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = iter(range(1000))
    monkeypatch.setattr(live_scores, "now_s", lambda: next(now_s))  # a second for each look at the clock
    scores, scored = LiveScores(resolved), []
    score = Scorer.score
    monkeypatch.setattr(Scorer, "score", lambda self, some: scored.append(len(some)) or score(self, some))
    assert scores.of(rows) is None
    assert scored == [1, 1], "the first answer tells"


def test_scoring_takes_a_small_share_of_the_time_of_a_run(
    resolved: Resolved, rows: dict[str, list[AnswerRow]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(live_scores, "now_s", lambda: now_s[0])
    score = Scorer.score

    def slowly(self: Scorer, some: list[AnswerRow]) -> Any:
        now_s[0] += 0.04 * len(some)
        return score(self, some)

    monkeypatch.setattr(Scorer, "score", slowly)
    scores = LiveScores(resolved)
    assert scores.of(rows) is not None
    assert scores.of(rows) is None, "0.44 s of the first second"
    now_s[0] += 60
    assert scores.of(rows) is not None
