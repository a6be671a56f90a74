"""Measure one cell under load: its rates one after the other, each in a window of its own.

Nothing of a rate is on disk before it has ended: then its window, its answers and, last, its `LoadRow`, which is
what makes the answers count. A rate that was interrupted is repeated completely.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wattbench.config import Load
from wattbench.errors import UserError
from wattbench.measure.arrivals import PlannedOffer, dealt_documents, dealt_part, described, offers
from wattbench.measure.ask_items import ItemRequests, answer_row, no_replies
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.records import POISSON_ARRIVALS, TRACE_ARRIVALS, AnswerRow, LoadRow, Purpose, WindowRow
from wattbench.records.rate_bounds import Held
from wattbench.scenarios.open_loop.dispatch import Offered, Query, slots_of
from wattbench.scenarios.open_loop.loadgen import offer
from wattbench.scenarios.open_loop.rate_row import load_row
from wattbench.scenarios.open_loop.schedule import ScheduledRequest, offer_schedule, poisson_moments
from wattbench.systems import Engine
from wattbench.traces import TraceArrival


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
        """Return the suite's rates and deadlines."""
        assert self.context.measure.load is not None  # the suite's own validation: scenario load has them
        return self.context.measure.load


def run_rates(cell: LoadCell, done: Sequence[LoadRow], numbers: Iterator[int]) -> None:
    """Measure every rate that is not recorded yet, and record the results.

    Args:
        cell: the cell.
        done: the rates that are recorded, of this cell and others.
        numbers: of the calls.

    Raises:
        UserError: no request was answered at a rate, or LoadGen cannot be used.
    """
    known = {(row.offered_per_s, row.arrivals) for row in done if (row.system, row.task) == (cell.system, cell.task)}
    left = [planned for planned in offers(cell.load, len(cell.asks)) if planned.key not in known]
    if not left:
        return
    _warm_up(cell)
    for planned in left:
        cell.context.progress.note(f"{cell.system} on {cell.task}: {_title(cell.load, planned)} ...")
        _run_window(cell, planned, numbers)


def _title(load: Load, planned: PlannedOffer) -> str:
    rate = f"{planned.rate_per_s:g} requests per second"
    if planned.arrivals is None or load.trace is None:
        return rate
    if planned.arrivals == TRACE_ARRIVALS:
        return f"{planned.queries:,} arrivals of {load.trace.name}, {rate} on average"
    return f"{planned.queries:,} Poisson arrivals at the same mean rate, {rate}"


def _warm_up(cell: LoadCell) -> None:
    recorder = CellRecorder(cell.context, cell.engine, system=cell.system, task=cell.task, idle_w=cell.idle_w)
    recorder.warm_up(cell.asks)


def _run_window(cell: LoadCell, planned: PlannedOffer, numbers: Iterator[int]) -> None:
    writer, measure, progress = cell.context.writer, cell.context.measure, cell.context.progress
    rate_per_s = planned.rate_per_s
    window = cell.context.open_window(cell.system, cell.task, Purpose.MEASURED)
    name = window.label.window
    closed: list[WindowRow] = []

    def end() -> None:
        closed.append(window.close(idle_w=cell.idle_w, min_window_s=measure.least_window_s))

    arrivals: Sequence[TraceArrival] = ()
    if planned.arrivals is None:
        offered = offer(
            cell.engine, cell.asks, cell.load, rate_per_s, seed=measure.seed,
            folder=writer.layout.load_logs(cell.system, cell.task, rate_per_s, name), ended=end,
            advance=progress.advance,
        )  # fmt: skip
    else:
        arrivals = dealt_part(cell.load, len(cell.asks)).arrivals
        schedule = schedule_of(cell.load, planned.arrivals, arrivals, len(cell.asks), measure.seed)
        offered = offer_schedule(cell.engine, cell.asks, cell.load, schedule, ended=end, advance=progress.advance)
    answers = _answers(cell, offered, planned, name, numbers, arrivals if planned.arrivals == TRACE_ARRIVALS else ())
    if all(answer.failure is not None for answer in answers):
        raise UserError(
            f"system {cell.system!r} on task {cell.task!r}: none of {len(answers)} requests at {rate_per_s:g} per "
            f"second was answered. The first failed with: {answers[0].failure}"
        )
    trace = described(cell.load, len(cell.asks)) if planned.arrivals is not None else None
    slots = slots_of(cell.engine, cell.load)
    row = load_row(cell.system, cell.task, rate_per_s, cell.load, answers, offered, slots=slots, trace=trace)
    writer.append_window(closed[0])
    progress.window_closed(cell.system, closed[0].power_w, closed[0].provenance_label)
    for answer in answers:
        writer.append_answer(cell.system, cell.task, answer)
        cell.context.note_remark(cell.system, answer)
    writer.append_load(row)
    progress.note(f"    {_verdict(row)}")


def _verdict(row: LoadRow) -> str:
    if row.state is Held.NO:
        return f"NOT HELD: {'; '.join(row.reasons)}"
    if row.state is Held.NOT_KNOWN:
        return f"not known whether it is held: {'; '.join(row.reasons)}"
    return f"held {row.state}" + (f", no claim beyond: {'; '.join(row.lacks)}" if row.lacks else "")


def schedule_of(
    load: Load, arrivals: str, trace: Sequence[TraceArrival], documents: int, seed: int
) -> list[ScheduledRequest]:
    """Return the schedule: when each request is due, its document, and the requests that it follows.

    Args:
        load: the suite's settings.
        arrivals: `TRACE_ARRIVALS`, or `POISSON_ARRIVALS` for as many in as long.
        trace: the arrivals of the trace; their number is a multiple of the documents.
        documents: of the task.
        seed: the suite's.
    """
    indexes = dealt_documents(len(trace), documents, seed)
    if arrivals == POISSON_ARRIVALS:
        moments = poisson_moments(len(trace), trace[-1].at_s / load.speed, seed + 1)
        return [ScheduledRequest(at_s, index) for at_s, index in zip(moments, indexes, strict=True)]
    return [
        ScheduledRequest(arrival.at_s / load.speed, index, arrival.after if load.sessions else ())
        for arrival, index in zip(trace, indexes, strict=True)
    ]


def _answers(
    cell: LoadCell,
    offered: Offered,
    planned: PlannedOffer,
    window: str,
    numbers: Iterator[int],
    trace: Sequence[TraceArrival],
) -> list[AnswerRow]:
    """Return one row per query, in the order in which they were due. The n-th query of a document is its repeat n."""
    times_asked: Counter[int] = Counter()
    together = slots_of(cell.engine, cell.load)
    rows = []
    for number, (query, due_s) in enumerate(zip(offered.queries, offered.due_s, strict=True)):
        ask = query.ask
        replies = query.replies if query.failure is None else no_replies(ask)
        row = answer_row(
            ask, replies, times_asked[ask.doc_id], query.sent_s, query.finished_s, next(numbers), together, window
        )
        times_asked[ask.doc_id] += 1
        rows.append(
            replace(
                row,
                scheduled_s=due_s,
                offered_per_s=planned.rate_per_s,
                arrivals=planned.arrivals,
                arrival=_arrival(query, trace[number]) if trace else {},
                failure=query.failure,
            )
        )
    return rows


def _arrival(query: Query, arrival: TraceArrival) -> dict[str, Any]:
    kept = {
        "row": arrival.row,
        "session": arrival.session,
        "input_tokens": arrival.input_tokens,
        "output_tokens": arrival.output_tokens,
        "released_s": query.released_s,
    }
    return {name: value for name, value in kept.items() if value is not None}
