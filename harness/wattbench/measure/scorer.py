"""Score recorded answers with lm-eval, as if it had asked for them itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from wattbench.config import Prompt, Resolved, TaskChoice
from wattbench.records import AnswerRow, ScoreRow
from wattbench.tasks.answer_changes import AnswerChanges, change_answers
from wattbench.tasks.grading import free_rows
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench.tasks.scoring import evaluate, score_rows

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class Scorer:
    """Score answers to some of a task's documents with lm-eval; the task is loaded once."""

    def __init__(
        self,
        resolved: Resolved,
        choice: TaskChoice,
        *,
        allow_unsafe_code: bool = False,
        changes: AnswerChanges | None = None,
    ) -> None:
        """Load the task.

        Args:
            resolved: the suite.
            choice: the task.
            allow_unsafe_code: whether the task may run code that a model wrote.
            changes: how answers are changed before they are compared; None: as the task has it.
        """
        self._measure, self._choice = resolved.suite.measure, choice
        self._allow_unsafe_code = allow_unsafe_code
        self.loaded: LoadedTask = load_task(resolved, choice)
        if changes is not None:
            change_answers(self.loaded.task, changes)

    def score(self, rows: Sequence[AnswerRow]) -> list[ScoreRow]:
        """Return one row per answer, ordered by rate, kind of arrivals, repeat and document."""
        groups: dict[tuple[float, str, int], list[AnswerRow]] = {}
        for row in rows:
            groups.setdefault((row.offered_per_s or 0.0, row.arrivals or "", row.repeat), []).append(row)
        scores: list[ScoreRow] = []
        for (*_, repeat), of_group in sorted(groups.items()):
            rate, arrivals = of_group[0].offered_per_s, of_group[0].arrivals
            scored = self._score_each_once(of_group, repeat)
            scores += [replace(score, offered_per_s=rate, arrivals=arrivals) for score in scored]
        return scores

    def _score_each_once(self, rows: Sequence[AnswerRow], repeat: int) -> list[ScoreRow]:
        """Score answers of which no two are to the same document."""
        replies = {row.doc_id: row.replies for row in rows}
        documents = sorted(replies)
        samples = evaluate(
            _Answered([replies[doc_id] for doc_id in documents]),
            self.loaded,
            Prompt(fewshot=0),  # the questions are not read: scores are of documents and answers
            self._measure,
            documents=documents,
            allow_unsafe_code=self._allow_unsafe_code,
        )
        failed = frozenset(row.doc_id for row in rows if row.failure is not None)
        checked = {row.doc_id: row.checked for row in rows if row.checked is not None and row.failure is None}
        if self._choice.is_free:
            return free_rows(samples, repeat, self.loaded.grader, failed)
        return score_rows(samples, self._choice, repeat, failed=failed, checked=checked)


class _Answered(LM):  # type: ignore[misc]  # lm-eval has no type information
    """A model for lm-eval that returns recorded answers, document by document."""

    def __init__(self, replies: Sequence[Sequence[Any]]) -> None:
        super().__init__()
        self._left = [iter(of_document) for of_document in replies]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._next(requests)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return [tuple(value) for value in self._next(requests)]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._next(requests)

    def _next(self, requests: Sequence[Any]) -> list[Any]:
        return [next(self._left[int(request.doc_id)]) for request in requests]
