"""Measure one cell under load: its rates one after the other, each in its own window, with lm-eval's scores of all.

Nothing of a rate is on disk before it has ended: then its window, its answers and, last, its `LoadRow`, which is
what makes the answers count. A rate that was interrupted is repeated completely.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from wattbench.config import Load, SystemBase, TaskChoice
from wattbench.errors import UserError
from wattbench.measure.ask_items import ItemRequests, answer_row, no_replies
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.timed_lm import TimedLM
from wattbench.records import AnswerRow, LoadRow, Purpose, ScoreRow, WindowRow
from wattbench.scenarios.open_loop.loadgen import Offered, offer
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.systems import Engine
from wattbench.tasks.loading import load_task
from wattbench.tasks.scoring import evaluate, score_rows


@dataclass(frozen=True)
class LoadCell:
    """A loaded system on a task."""

    context: MeasuringContext
    engine: Engine
    system: str
    task: str
    asks: Sequence[ItemRequests]
    """Every document's, in the task's order."""
    idle_w: Mapping[str, float]
    """Watts per component of the loaded, idle system, where they are known."""

    @property
    def load(self) -> Load:
        """The suite's rates and deadlines."""
        assert self.context.measure.load is not None  # the suite's own validation: scenario load has them
        return self.context.measure.load


def run_rates(cell: LoadCell, done: Sequence[LoadRow], first_number: int) -> None:
    """Ask at every rate that is not done yet, and record the results.

    Args:
        cell: the cell.
        done: the rates that are recorded, of this cell and others.
        first_number: of the calls, counting up.

    Raises:
        UserError: no request was answered at a rate, or LoadGen cannot be used.
    """
    known = {row.offered_per_s for row in done if (row.system, row.task) == (cell.system, cell.task)}
    left = [rate for rate in cell.load.rates_per_s if rate not in known]
    if not left:
        return
    numbers = itertools.count(first_number)
    _warm_up(cell)
    for rate in left:
        cell.context.progress.note(f"{cell.system} on {cell.task}: {rate:g} requests per second ...")
        _run_rate(cell, rate, numbers)


def _warm_up(cell: LoadCell) -> None:
    recorder = CellRecorder(cell.context, cell.engine, system=cell.system, task=cell.task, idle_w=cell.idle_w)
    recorder.warm_up(cell.asks)


def _run_rate(cell: LoadCell, rate_per_s: float, numbers: Iterator[int]) -> None:
    writer, measure, progress = cell.context.writer, cell.context.measure, cell.context.progress
    window = cell.context.open_window(cell.system, cell.task, Purpose.MEASURED)
    name = window.label.window
    closed: list[WindowRow] = []

    def end() -> None:
        closed.append(window.close(idle_w=cell.idle_w, min_window_s=measure.min_window_s))

    offered = offer(
        cell.engine, cell.asks, cell.load, rate_per_s, seed=measure.seed,
        folder=writer.layout.load_logs(cell.system, cell.task, rate_per_s, name), ended=end, advance=progress.advance,
    )  # fmt: skip
    answers = _answers(cell, offered, rate_per_s, name, numbers)
    if all(answer.failure is not None for answer in answers):
        raise UserError(
            f"system {cell.system!r} on task {cell.task!r}: none of {len(answers)} requests at {rate_per_s:g} per "
            f"second was answered. The first failed with: {answers[0].failure}"
        )
    row = load_row(cell.system, cell.task, rate_per_s, cell.load, answers, offered)
    writer.append_window(closed[0])
    for answer in answers:
        writer.append_answer(cell.system, cell.task, answer)
    writer.append_load(row)
    progress.note(f"    {'held' if row.held else 'NOT HELD: ' + '; '.join(row.reasons)}")


def _answers(
    cell: LoadCell, offered: Offered, rate_per_s: float, window: str, numbers: Iterator[int]
) -> list[AnswerRow]:
    """Return one row per query, in the order in which they were due. The n-th query of a document is its repeat n."""
    times_asked: Counter[int] = Counter()
    together = cell.load.max_in_flight if cell.engine.concurrent else 1
    rows = []
    for query, due_s in zip(offered.queries, offered.due_s, strict=True):
        ask = query.ask
        replies = query.replies if query.failure is None else no_replies(ask)
        row = answer_row(
            ask, replies, times_asked[ask.doc_id], query.started_s, query.finished_s, next(numbers), together, window
        )
        times_asked[ask.doc_id] += 1
        rows.append(replace(row, scheduled_s=due_s, offered_per_s=rate_per_s, failure=query.failure))
    return rows


def score_rates(cell: LoadCell, answers: Sequence[AnswerRow], choice: TaskChoice, config: SystemBase) -> list[ScoreRow]:
    """Return lm-eval's scores of all answers of a cell, from the record: nothing is asked.

    Args:
        cell: the cell.
        answers: all that count.
        choice: the task.
        config: the system's.
    """
    context = cell.context
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
        lm = TimedLM(cell.engine, _NothingToAsk(), batch=1, repeat=repeat, answered=answered, numbers=itertools.count())
        samples = evaluate(
            lm,
            load_task(context.resolved, choice),
            config.prompt,
            context.measure,
            allow_unsafe_code=context.allow_unsafe_code,
        )
        scored = score_rows(samples, choice, repeat, failed=lm.failed)
        scores += [replace(row, offered_per_s=rate) for row in scored]
    return scores


class _NothingToAsk:
    """The recorder of a TimedLM that has every answer already: nothing is asked."""

    def warm_up(self, asks: Sequence[ItemRequests]) -> NoReturn:
        """Do nothing: nothing is asked."""
        raise AssertionError(f"{len(asks)} items that are recorded were to be asked again")

    def before_batch(self) -> NoReturn:
        """Do nothing: nothing is asked."""
        raise AssertionError

    def after_batch(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow], left: int) -> None:
        """Do nothing: nothing is asked."""

    def keep(self, asks: Sequence[ItemRequests], rows: Sequence[AnswerRow]) -> None:
        """Do nothing: nothing is asked."""

    def full(self, left: int) -> bool:
        """Do nothing: nothing is asked."""
        return False

    def end_round(self, left: int) -> None:
        """Do nothing: nothing is asked."""

    def done(self) -> None:
        """Do nothing: nothing is asked."""
