"""One cell under load: its rates one after the other, each in a window of its own, and lm-eval's scores of them all.

Nothing of a rate is on disk before it has ended: then its window, its answers and, last, its `LoadRow`, which is
what makes the answers count. A rate that was cut off is asked again as a whole.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from wattbench.config import Load, Measure, Resolved, SystemBase, TaskChoice
from wattbench.errors import UserError
from wattbench.measure.cell_recorder import CellRecorder, open_window
from wattbench.measure.timed_lm import Ask, TimedLM, answer_row
from wattbench.meters import Metering
from wattbench.records import AnswerRow, LoadRow, Purpose, RunWriter, ScoreRow, WindowLabel, WindowRow
from wattbench.scenarios.open_loop.loadgen import Offered, offer
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.systems import Engine, Reply
from wattbench.systems.base import GENERATE, LOGLIKELIHOOD
from wattbench.tasks.loading import load_task
from wattbench.tasks.scoring import evaluate, score_rows

NEVER = -1e9
"""The log-likelihood of what was not answered. JSON has no infinity."""


@dataclass(frozen=True)
class LoadCell:
    """A system on a task, and what is needed to measure it."""

    engine: Engine
    system: str
    task: str
    asks: Sequence[Ask]
    """Every document's, in the task's order."""
    measure: Measure
    writer: RunWriter
    metering: Metering
    label: Callable[[Purpose], WindowLabel]
    idle_w: Mapping[str, float]
    note: Callable[[str], None]
    advance: Callable[[int], None]

    @property
    def load(self) -> Load:
        """The suite's rates and deadlines."""
        assert self.measure.load is not None  # the suite's own validation: scenario load has them
        return self.measure.load


def run_rates(cell: LoadCell, done: Sequence[LoadRow], first_number: int) -> None:
    """Ask at every rate that is not done yet, and put down what came of it.

    Args:
        cell: whose.
        done: the rates of this cell that are on record.
        first_number: of the calls, counting up.

    Raises:
        UserError: nothing at all was answered at a rate, or LoadGen cannot be used.
    """
    known = {row.offered_per_s for row in done if (row.system, row.task) == (cell.system, cell.task)}
    left = [rate for rate in cell.load.rates_per_s if rate not in known]
    if not left:
        return
    numbers = itertools.count(first_number)
    _warm_up(cell)
    for rate in left:
        cell.note(f"{cell.system} on {cell.task}: {rate:g} requests per second ...")
        _run_rate(cell, rate, numbers)


def _warm_up(cell: LoadCell) -> None:
    recorder = CellRecorder(
        cell.engine, cell.writer, cell.metering, cell.measure, label=cell.label, system=cell.system, task=cell.task,
        idle_w=cell.idle_w, advance=cell.advance,
    )  # fmt: skip
    recorder.warm_up(cell.asks)


def _run_rate(cell: LoadCell, rate_per_s: float, numbers: Iterator[int]) -> None:
    window = open_window(cell.metering, cell.writer, cell.label(Purpose.MEASURED))
    name = window.label.window
    closed: list[WindowRow] = []

    def end() -> None:
        closed.append(window.close(idle_w=cell.idle_w, min_window_s=cell.measure.min_window_s))

    offered = offer(
        cell.engine, cell.asks, cell.load, rate_per_s, seed=cell.measure.seed,
        folder=cell.writer.layout.load_logs(cell.system, cell.task, rate_per_s, name), ended=end, advance=cell.advance,
    )  # fmt: skip
    answers = _answers(cell, offered, rate_per_s, name, numbers)
    if all(answer.failure is not None for answer in answers):
        raise UserError(
            f"system {cell.system!r} on task {cell.task!r}: not one of {len(answers)} requests at {rate_per_s:g} per "
            f"second was answered. The first: {answers[0].failure}"
        )
    row = load_row(cell.system, cell.task, rate_per_s, cell.load, answers, offered)
    cell.writer.append_window(closed[0])
    for answer in answers:
        cell.writer.append_answer(cell.system, cell.task, answer)
    cell.writer.append_load(row)
    cell.note(f"    {'held' if row.held else 'NOT HELD: ' + '; '.join(row.reasons)}")


def _answers(
    cell: LoadCell, offered: Offered, rate_per_s: float, window: str, numbers: Iterator[int]
) -> list[AnswerRow]:
    """One row per query, in the order in which they were due. The n-th asking of a document is its repeat n."""
    asked: Counter[int] = Counter()
    together = cell.load.max_in_flight if cell.engine.concurrent else 1
    rows = []
    for query, due_s in zip(offered.queries, offered.due_s, strict=True):
        ask = query.ask
        replies = query.replies if query.failure is None else [_no_reply(ask.request_type)] * len(ask.requests)
        row = answer_row(
            ask, replies, asked[ask.doc_id], query.started_s, query.finished_s, next(numbers), together, window
        )
        asked[ask.doc_id] += 1
        rows.append(replace(row, scheduled_s=due_s, offered_per_s=rate_per_s, failure=query.failure))
    return rows


def _no_reply(request_type: str) -> Reply:
    if request_type == GENERATE:
        return Reply("")
    return Reply((NEVER, False) if request_type == LOGLIKELIHOOD else NEVER)


def score_rates(
    cell: LoadCell,
    answers: Sequence[AnswerRow],
    resolved: Resolved,
    choice: TaskChoice,
    config: SystemBase,
    *,
    allow_unsafe_code: bool,
) -> list[ScoreRow]:
    """lm-eval's scores of all answers of a cell, served from the record: nothing is asked.

    Args:
        cell: whose.
        answers: all that count.
        resolved: the suite.
        choice: the task.
        config: the system's.
        allow_unsafe_code: as the user said.
    """
    groups: dict[tuple[float, int], dict[tuple[str, int, int], AnswerRow]] = {}
    for row in answers:
        assert row.offered_per_s is not None  # under load every answer has one
        groups.setdefault((row.offered_per_s, row.repeat), {})[row.request_type, row.doc_id, row.repeat] = row
    scores: list[ScoreRow] = []
    for (rate, repeat), answered in groups.items():
        if len(answered) != len(cell.asks):
            raise UserError(
                f"{cell.system} on {cell.task}: at {rate:g} per second not every item was asked equally often; "
                "the record is damaged"
            )
        lm = TimedLM(cell.engine, _Nobody(), batch=1, repeat=repeat, answered=answered, numbers=itertools.count())
        samples = evaluate(
            lm, load_task(resolved, choice), config.prompt, cell.measure, allow_unsafe_code=allow_unsafe_code
        )
        scores += [replace(row, offered_per_s=rate) for row in score_rows(samples, choice, repeat)]
    return scores


class _Nobody:
    """The recorder of a TimedLM that has every answer already."""

    def warm_up(self, asks: Sequence[Ask]) -> NoReturn:
        """Nothing is asked."""
        raise AssertionError(f"{len(asks)} items were to be asked again that are on record")

    def before_batch(self) -> NoReturn:
        """Nothing is asked."""
        raise AssertionError

    def after_batch(self, asks: Sequence[Ask], rows: Sequence[AnswerRow], left: int) -> None:
        """Nothing is asked."""

    def keep(self, asks: Sequence[Ask], rows: Sequence[AnswerRow]) -> None:
        """Nothing is asked."""

    def full(self, left: int) -> bool:
        """Nothing is asked."""
        return False

    def end_round(self, left: int) -> None:
        """Nothing is asked."""

    def done(self) -> None:
        """Nothing is asked."""
