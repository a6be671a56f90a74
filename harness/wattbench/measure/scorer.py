"""Score recorded answers with lm-eval, as it would have scored them had it asked for them itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from wattbench.config import Prompt, TaskChoice
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.records import AnswerRow, ScoreRow
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench.tasks.scoring import evaluate, score_rows

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


class Scorer:
    """Score answers to some of a task's documents with lm-eval; the task is loaded once."""

    def __init__(self, context: MeasuringContext, choice: TaskChoice) -> None:
        self._context, self._choice = context, choice
        self._loaded: LoadedTask = load_task(context.resolved, choice)

    def score(self, rows: Sequence[AnswerRow]) -> list[ScoreRow]:
        """Return one row for each answer, by repeat and document."""
        scores: list[ScoreRow] = []
        for repeat in sorted({row.repeat for row in rows}):
            replies = {row.doc_id: row.replies for row in rows if row.repeat == repeat}
            documents = sorted(replies)
            samples = evaluate(
                _Answered([replies[doc_id] for doc_id in documents]),
                self._loaded,
                Prompt(fewshot=0),  # the questions are not read: scores are of documents and answers
                self._context.measure,
                documents=documents,
                allow_unsafe_code=self._context.allow_unsafe_code,
            )
            scores += score_rows(samples, self._choice, repeat)
        return scores


class _Answered(LM):  # type: ignore[misc]  # lm-eval has no type information
    """Give back recorded answers. Documents are numbered by their position among those that are scored."""

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
