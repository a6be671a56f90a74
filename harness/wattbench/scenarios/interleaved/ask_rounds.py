"""One side of a gate: asked, measured and scored, round by round."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lm_eval.api.model import LM

from wattbench.config import Measure, Prompt, Resolved, SystemBase, TaskChoice
from wattbench.measure.cell_recorder import CellRecorder, WindowNames
from wattbench.measure.timed_lm import Ask, TimedLM
from wattbench.meters import Metering
from wattbench.records import AnswerRow, RunWriter, ScoreRow
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import Engine, TaskContext
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench.tasks.requests import requests_by_document
from wattbench.tasks.scoring import evaluate, score_rows

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

Forms = Mapping[int, Sequence["Instance"]]


@dataclass(frozen=True)
class Bench:
    """What both sides are measured with."""

    resolved: Resolved
    writer: RunWriter
    metering: Metering
    names: WindowNames
    advance: Callable[[int], None]
    allow_unsafe_code: bool

    @property
    def measure(self) -> Measure:
        """How, by the suite."""
        return self.resolved.suite.measure


@dataclass
class Asker:
    """A loaded system, and what it knows of its tasks."""

    bench: Bench
    name: str
    config: SystemBase
    engine: Engine
    idle_w: Mapping[str, float]
    numbers: dict[str, int]
    """Task to the number of its next call."""
    _task: str | None = None
    _contexts: dict[str, TaskContext] = field(default_factory=dict)
    _calls: dict[str, Iterator[int]] = field(default_factory=dict)

    def ask(self, choice: TaskChoice, planned: PlannedRound) -> list[AnswerRow]:
        """Ask it a round in a window of its own, and put its answers on disk.

        Returns:
            The answers, repeats included.
        """
        first_time = planned.task not in self._contexts
        requests = self._requests(choice, planned)
        recorder = self._recorder(planned.task, 1 if not first_time else self.bench.measure.warmup)
        self.bench.metering.trace_to(self.bench.writer.layout.trace(self.name, planned.task))
        numbers = self._calls.setdefault(planned.task, itertools.count(self.numbers.get(planned.task, 0)))
        for repeat in range(self.bench.measure.repeats):
            lm = TimedLM(
                self.engine, recorder, batch=self.bench.measure.batch, repeat=repeat, answered={}, numbers=numbers
            )
            for kind in dict.fromkeys(request.request_type for request in requests):
                getattr(lm, kind)([request for request in requests if request.request_type == kind])
        recorder.end()
        return recorder.rows

    def _requests(self, choice: TaskChoice, planned: PlannedRound) -> list[Instance]:
        """The very requests that a run makes of these documents."""
        if planned.task not in self._contexts:
            self._contexts[planned.task] = task_context(
                self.bench.resolved, choice, allow_unsafe_code=self.bench.allow_unsafe_code
            )
        context = self._contexts[planned.task]
        if self._task != planned.task:
            self.engine.begin_task(context)
            self._task = planned.task
        found = context.requests(self.config.prompt, self.engine.lm)
        return [request for doc_id in planned.doc_ids for request in found[doc_id]]

    def _recorder(self, task: str, warmup: int) -> _RoundRecorder:
        measure = self.bench.measure
        # Its part of a round is one window, however long it takes.
        whole = measure.model_copy(update={"window_s": float("inf"), "warmup": min(warmup, measure.warmup)})
        return _RoundRecorder(
            self.engine,
            self.bench.writer,
            self.bench.metering,
            whole,
            label=lambda purpose: self.bench.names.label(self.name, task, purpose),
            system=self.name,
            task=task,
            idle_w=self.idle_w,
            advance=self.bench.advance,
        )


class _RoundRecorder(CellRecorder):
    """Keeps all repeats of a round in one window, and its rows for whoever scores them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[AnswerRow] = []

    def keep(self, asks: Sequence[Ask], rows: Sequence[AnswerRow]) -> None:
        super().keep(asks, rows)
        self.rows += rows

    def done(self) -> None:
        """One repeat is done; others may follow."""

    def end(self) -> None:
        """All repeats are done."""
        super().done()


def task_context(resolved: Resolved, choice: TaskChoice, *, allow_unsafe_code: bool) -> TaskContext:
    """What a system may know of a task. Its requests are built once for each form and model: rounds are many."""
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
    """lm-eval's scores of some of a task's documents. Their answers are given, so that the task is loaded once."""

    def __init__(self, bench: Bench, choice: TaskChoice) -> None:
        self._bench, self._choice = bench, choice
        self._loaded: LoadedTask = load_task(bench.resolved, choice)

    def score(self, rows: Sequence[AnswerRow]) -> list[ScoreRow]:
        """One row for each answer, by repeat and document."""
        scores: list[ScoreRow] = []
        for repeat in sorted({row.repeat for row in rows}):
            replies = {row.doc_id: row.replies for row in rows if row.repeat == repeat}
            documents = sorted(replies)
            samples = evaluate(
                _Answered([replies[doc_id] for doc_id in documents]),
                self._loaded,
                Prompt(fewshot=0),  # nobody reads the questions: scores are of documents and answers
                self._bench.measure,
                documents=documents,
                allow_unsafe_code=self._bench.allow_unsafe_code,
            )
            scores += score_rows(samples, self._choice, repeat)
        return scores


class _Answered(LM):  # type: ignore[misc]  # lm-eval has no type information
    """Says what was answered before. Documents are numbered by their place among those that are asked for."""

    def __init__(self, replies: Sequence[Sequence[Any]]) -> None:
        super().__init__()
        self._left = [iter(own) for own in replies]

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return self._next(requests)

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        return [tuple(value) for value in self._next(requests)]

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        return self._next(requests)

    def _next(self, requests: Sequence[Any]) -> list[Any]:
        return [next(self._left[int(request.doc_id)]) for request in requests]
