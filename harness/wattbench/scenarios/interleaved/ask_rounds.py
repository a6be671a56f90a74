"""Ask one side of a gate, measure it and score it, round by round."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wattbench.config import SystemBase, TaskChoice
from wattbench.measure.ask_items import ItemRequests
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.task_requests import task_context
from wattbench.measure.timed_lm import TimedLM
from wattbench.records import AnswerRow
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import Engine, TaskContext

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance


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
