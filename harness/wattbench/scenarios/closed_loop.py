"""Run the cells of a suite, one after the other: load, warm up, idle, measure, score, record."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from wattbench.config import Measure, repeats_of
from wattbench.measure.arrivals import offers
from wattbench.measure.ask_items import ItemRequests, ask_items
from wattbench.measure.call_rows import call_rows
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.failed_requests import check_some_answered, forget_scores_of_failed, without_failed
from wattbench.measure.item_rows import expert_rows, item_rows
from wattbench.measure.judging.judge_answers import judge_answers
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell, requests
from wattbench.measure.resume import recover_windows
from wattbench.measure.scorer import Scorer
from wattbench.measure.services.estimates import estimate_rows
from wattbench.prefill_decode import split_cell
from wattbench.progress import PlannedTurn
from wattbench.records import AnswerRow, Purpose, RunRecords, WindowRow
from wattbench.records.rows.header import utc_now
from wattbench.scenarios.open_loop import LoadCell, run_rates
from wattbench.scenarios.residents import Resident, Residents


def run_cells(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    """Bring a run of cells to its end, asking only items that have no answer yet."""
    recover_windows(context.records, context.writer)
    if context.retry_failed:
        forget_scores_of_failed(context.records, context.writer, _names(cells))
    configs = {cell.system: cell.config for cell in cells}
    with context.alone(), Residents(context, configs, one_at_a_time=True) as residents:
        for name in configs:
            _run_system(context, residents, [cell for cell in cells if cell.system == name])
    _finish(context, cells)


def _run_system(context: MeasuringContext, residents: Residents, cells: Sequence[Cell]) -> None:
    records = context.records
    pending = [cell for cell in cells if records.scores(cell.system, cell.choice.task) is None]
    for cell in cells:
        if cell not in pending:
            context.progress.start_cell(
                _title(cell), turn_of(cell, context.measure), requests(cell.items, context.measure, cell.config)
            )
            context.progress.end_cell()
    if not pending:
        return
    name = pending[0].system
    resident = residents.get(name)
    idle_w = context.idle_power_w(name, name)
    for cell in pending:
        _run_cell(context, cell, resident, idle_w)
    residents.record_peak(resident)


def _run_cell(context: MeasuringContext, cell: Cell, resident: Resident, idle_w: Mapping[str, float]) -> None:
    measure, task = context.measure, cell.choice.task
    before = context.records.answers(cell.system, task)
    context.progress.start_cell(_title(cell), turn_of(cell, measure), len(before))
    context.trace_to(cell.system, task)
    numbers = itertools.count(max((row.batch for row in before), default=-1) + 1)
    asks = [ask for (of_task, _), ask in resident.asks.items() if of_task == task]
    if measure.load is not None:
        load_cell = LoadCell(context, resident.engine, cell.system, task, asks, idle_w)
        with context.limited(cell.system):
            run_rates(load_cell, context.records.loads(), numbers)
    else:
        recorder = CellRecorder(context, resident.engine, system=cell.system, task=task, idle_w=idle_w)
        with context.limited(cell.system):
            _ask_missing(context, resident, recorder, asks, before, numbers)
    answers = context.records.answers(cell.system, task)
    if resident.engine.mixture() is not None:
        # In a pass of its own, outside every window, as observing takes time.
        context.writer.write_experts(cell.system, task, expert_rows(answers, resident.engine))
    if measure.load is None:  # under load a cell is several: each rate would be a split of its own
        for phase in split_cell(context.records, cell.system, task):
            context.writer.append_phase(phase)
    scores = Scorer(context.resolved, cell.choice, allow_unsafe_code=context.allow_unsafe_code).score(answers)
    context.writer.write_scores(cell.system, task, scores)
    right = [score.correct for score in scores if score.correct is not None]
    context.progress.score(cell.system, lambda: (sum(right), len(right)) if right else None)
    context.progress.end_cell()


def _ask_missing(
    context: MeasuringContext,
    resident: Resident,
    recorder: CellRecorder,
    asks: Sequence[ItemRequests],
    before: Sequence[AnswerRow],
    numbers: Iterator[int],
) -> None:
    """Ask every item that is not answered yet, as often as the suite repeats it.

    A request that failed is recorded as failed, and is not asked again unless the run was resumed for that.
    """
    measure = context.measure
    answered = {(row.doc_id, row.repeat) for row in (without_failed(before) if context.retry_failed else before)}
    for repeat in range(repeats_of(resident.config, measure)):
        missing = [ask.as_repeat(repeat) for ask in asks if (ask.doc_id, repeat) not in answered]
        if missing:
            recorder.warm_up(missing)
            # The recorder keeps the answers.
            deque(ask_items(resident.engine, recorder, missing, batch=measure.batch, numbers=numbers), maxlen=0)
            recorder.done()


def turn_of(cell: Cell, measure: Measure) -> PlannedTurn:
    """Return a cell as a turn of the progress display. Under load the rates determine how long it takes."""
    items, load = requests(cell.items, measure, cell.config), measure.load
    if load is None:
        return PlannedTurn(cell.system, items, cell.choice.task)
    paced_s = sum(offer.duration_s for offer in offers(load, cell.items))
    return PlannedTurn(cell.system, items, cell.choice.task, paced_s, paced=True)


def _finish(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    records = context.records
    check_some_answered(records, _names(cells))
    judge_answers(context, _names(cells))
    windows = with_abandoned(records)
    calls = call_rows(records, windows)
    items = item_rows(records, cells, windows, calls)
    context.writer.append_estimates(estimate_rows(context.resolved, items))
    context.writer.finish(items, windows, utc_now(), calls)


def with_abandoned(records: RunRecords) -> list[WindowRow]:
    """Return the windows; the windows of rates that were interrupted and repeated are marked as abandoned."""
    ended = {row.window for row in records.loads()}
    if not ended:
        return records.windows()
    return [
        replace(row, purpose=Purpose.ABANDONED) if row.purpose == Purpose.MEASURED and row.window not in ended else row
        for row in records.windows()
    ]


def _names(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return [(cell.system, cell.choice.task) for cell in cells]


def _title(cell: Cell) -> str:
    return f"{cell.system} on {cell.choice.task}"
