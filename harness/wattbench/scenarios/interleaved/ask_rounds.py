"""Ask one side of a gate, measure it and score it, round by round."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from wattbench.config import Prompt, Resolved, SystemBase, TaskChoice
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.timed_lm import ItemRequests, TimedLM
from wattbench.records import AnswerRow, ScoreRow
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import Engine, TaskContext
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench.tasks.requests import requests_by_document
from wattbench.tasks.scoring import evaluate, score_rows

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

Forms = Mapping[int, Sequence["Instance"]]


@dataclass
class LoadedSystem:
    """A loaded system, with the requests of its tasks."""

    context: MeasuringContext
    name: str
    config: SystemBase
    engine: Engine
    idle_w: Mapping[str, float]
    numbers: dict[str, int]
    """Task to the number of its next call of the system."""
    _task: str | None = None
    _contexts: dict[str, TaskContext] = field(default_factory=dict)
    _calls: dict[str, Iterator[int]] = field(default_factory=dict)

    def ask(self, choice: TaskChoice, planned: PlannedRound) -> list[AnswerRow]:
        """Ask a round in a window of its own, and write the answers to disk.

        Returns:
            The answers, repeats included.
        """
        first_time = planned.task not in self._contexts
        requests = self._requests(choice, planned)
        recorder = self._recorder(planned.task, 1 if not first_time else self.context.measure.warmup)
        self.context.trace_to(self.name, planned.task)
        numbers = self._calls.setdefault(planned.task, itertools.count(self.numbers.get(planned.task, 0)))
        for repeat in range(self.context.measure.repeats):
            lm = TimedLM(
                self.engine, recorder, batch=self.context.measure.batch, repeat=repeat, answered={}, numbers=numbers
            )
            for kind in dict.fromkeys(request.request_type for request in requests):
                getattr(lm, kind)([request for request in requests if request.request_type == kind])
        recorder.end()
        return recorder.rows

    def _requests(self, choice: TaskChoice, planned: PlannedRound) -> list[Instance]:
        """Return the same requests as a run makes of these documents."""
        if planned.task not in self._contexts:
            self._contexts[planned.task] = task_context(
                self.context.resolved, choice, allow_unsafe_code=self.context.allow_unsafe_code
            )
        context = self._contexts[planned.task]
        if self._task != planned.task:
            self.engine.begin_task(context)
            self._task = planned.task
        by_document = context.requests(self.config.prompt, self.engine.lm)
        return [request for doc_id in planned.doc_ids for request in by_document[doc_id]]

    def _recorder(self, task: str, warmup: int) -> _RoundRecorder:
        measure = self.context.measure
        # Its part of a round is one window, however long it takes.
        one_window = measure.model_copy(update={"window_s": float("inf"), "warmup": min(warmup, measure.warmup)})
        return _RoundRecorder(
            self.context, self.engine, system=self.name, task=task, idle_w=self.idle_w, measure=one_window
        )


class _RoundRecorder(CellRecorder):
    """Keep all repeats of a round in one window, and its rows to be scored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[AnswerRow] = []

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        super().keep(asks, rows)
        self.rows += rows

    def done(self) -> None:
        """Leave the window open: other repeats may follow."""

    def end(self) -> None:
        """End the window: all repeats are done."""
        super().done()


def task_context(resolved: Resolved, choice: TaskChoice, *, allow_unsafe_code: bool) -> TaskContext:
    """Return what a system may know of a task. Its requests are built once per form and model, for all rounds."""
    built: dict[tuple[str, int], Forms] = {}

    def requests(prompt: Prompt, lm: LM) -> Forms:
        form = prompt.model_dump_json(), id(lm)
        if form not in built:
            built[form] = requests_by_document(
                resolved, choice, prompt, resolved.suite.measure, lm, allow_unsafe_code=allow_unsafe_code
            )
        return built[form]

    return TaskContext(choice.task, choice.domain, requests)


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
                Prompt(fewshot=0),  # nobody reads the questions: scores are of documents and answers
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
