"""Run the cells of a suite, one after the other: load, warm up, idle, measure, score, record."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from wattbench.config import Measure
from wattbench.measure.arrivals import offers
from wattbench.measure.ask_items import items_of
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.failed_requests import check_some_answered, forget_scores_of_failed, without_failed
from wattbench.measure.item_rows import expert_rows, item_rows, system_row, training_costs
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell, requests
from wattbench.measure.resume import check_same_system, recover_windows
from wattbench.measure.services.estimates import estimate_rows
from wattbench.measure.task_requests import task_context
from wattbench.measure.timed_lm import TimedLM
from wattbench.prefill_decode import split_cell
from wattbench.progress import PlannedTurn
from wattbench.records import Purpose, RunRecords, ScoreRow, WindowRow
from wattbench.records.read_once import RecordsReadOnce
from wattbench.scenarios.open_loop import LoadCell, run_rates, score_rates
from wattbench.systems import Engine, TaskContext, base_key, open_engine, release_base
from wattbench.systems.memory import reset_peak
from wattbench.tasks.loading import load_task
from wattbench.tasks.scoring import evaluate, score_rows


def run_cells(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    """Bring a run to its end, asking only what is not answered yet."""
    recover_windows(context.records, context.writer)
    if context.retry_failed:
        forget_scores_of_failed(context.records, context.writer, _names(cells))
    by_system = [(name, list(of_system)) for name, of_system in groupby(cells, key=lambda cell: cell.system)]
    bases = [base_key(of_system[0].config) for _, of_system in by_system]
    try:
        with context.alone():
            for (name, of_system), base, following in zip(by_system, bases, [*bases[1:], None], strict=True):
                _run_system(context, name, of_system)
                if base is None or base != following:  # None: a hybrid of several bases, say, may have left one
                    release_base()
    finally:
        context.metering.trace_to(None)
    _finish(context, cells)


def _run_system(context: MeasuringContext, name: str, cells: Sequence[Cell]) -> None:
    records = context.records
    pending = [cell for cell in cells if records.scores(cell.system, cell.choice.task) is None]
    for cell in cells:
        if cell not in pending:
            context.progress.start_cell(_title(cell), turn_of(cell, context.measure), _items(context, cell))
            context.progress.end_cell()
    if not pending:
        return
    context.progress.note(f"loading {name} ...")
    context.trace_to(name, None)
    window = context.open_window(name, None, Purpose.LOAD)
    reset_peak()
    measure = context.measure
    with open_engine(name, pending[0].config, batch=measure.batch, seed=measure.seed) as engine:
        context.bill(engine)
        load = window.close()
        context.writer.append_window(load)
        config = pending[0].config
        row = system_row(
            name, config, engine.facts(), load, mixture=engine.mixture(), training=training_costs(name, config)
        )
        check_same_system(records, row)
        context.writer.append_system(row)
        idle_w = context.idle_power_w(name, name)
        for cell in pending:
            _run_cell(context, cell, engine, idle_w)
        context.writer.append_system(
            replace(
                row,
                peak_memory_bytes=engine.peak_memory_bytes(),
                peak_device_memory_bytes=engine.peak_device_memory_bytes(),
            )
        )


def _run_cell(context: MeasuringContext, cell: Cell, engine: Engine, idle_w: Mapping[str, float]) -> None:
    measure, task = context.measure, cell.choice.task
    answers = context.records.answers(cell.system, task)
    engine.begin_task(_context_of(context, cell))
    context.progress.start_cell(_title(cell), turn_of(cell, context.measure), len(answers))
    context.trace_to(cell.system, task)
    first_number = max((row.batch for row in answers), default=-1) + 1
    if measure.load is not None:
        scores = _run_load(context, cell, engine, idle_w, first_number)
    else:
        scores = _run_items(context, cell, engine, idle_w, first_number)
    if engine.mixture() is not None:
        # In a pass of its own, outside every window, as observing takes time.
        answers = context.records.answers(cell.system, task)
        context.writer.write_experts(cell.system, task, expert_rows(answers, engine))
    if measure.load is None:  # under load a cell is several: each rate would be a split of its own
        for phase in split_cell(context.records, cell.system, task):
            context.writer.append_phase(phase)
    context.writer.write_scores(cell.system, task, scores)
    context.progress.score(cell.system, lambda: (sum(score.correct for score in scores), len(scores)))
    context.progress.end_cell()


def _run_items(
    context: MeasuringContext, cell: Cell, engine: Engine, idle_w: Mapping[str, float], first_number: int
) -> list[ScoreRow]:
    """Ask every item that is not answered yet, as often as the suite repeats it. A request that failed is recorded as
    such, and is not asked again unless the run was resumed for that."""
    measure, task = context.measure, cell.choice.task
    rows = context.records.answers(cell.system, task)
    rows = without_failed(rows) if context.retry_failed else rows
    answered = {(row.request_type, row.doc_id, row.repeat): row for row in rows}
    numbers = itertools.count(first_number)
    recorder = CellRecorder(context, engine, system=cell.system, task=task, idle_w=idle_w)
    scores: list[ScoreRow] = []
    for repeat in range(measure.repeats):
        lm = TimedLM(
            engine,
            recorder,
            batch=measure.batch,
            repeat=repeat,
            answered=answered,
            numbers=numbers,
            config=cell.config,
        )
        # lm-eval changes a task as it runs it, so each repeat gets its own.
        loaded = load_task(context.resolved, cell.choice)
        samples = evaluate(lm, loaded, cell.config.prompt, measure, allow_unsafe_code=context.allow_unsafe_code)
        scores += score_rows(samples, cell.choice, repeat, failed=lm.failed)
    return scores


def _run_load(
    context: MeasuringContext, cell: Cell, engine: Engine, idle_w: Mapping[str, float], first_number: int
) -> list[ScoreRow]:
    """Let requests arrive at each rate that is not recorded yet."""
    task = cell.choice.task
    by_document = _context_of(context, cell).requests(cell.config.prompt, engine.lm)
    asks = [
        ask
        for of_document in by_document.values()
        for ask in items_of(of_document[0].request_type, of_document, config=cell.config)
    ]
    load_cell = LoadCell(context, engine, cell.system, task, asks, idle_w)
    run_rates(load_cell, context.records.loads(), first_number)
    return score_rates(load_cell, context.records.answers(cell.system, task), cell.choice, cell.config)


def _context_of(context: MeasuringContext, cell: Cell) -> TaskContext:
    return task_context(context.resolved, cell.choice, allow_unsafe_code=context.allow_unsafe_code)


def turn_of(cell: Cell, measure: Measure) -> PlannedTurn:
    """Return a cell as the progress knows it. Under load the rates say how long it takes."""
    items, load = requests(cell.items, measure), measure.load
    if load is None:
        return PlannedTurn(cell.system, items, cell.choice.task)
    paced_s = sum(offer.duration_s for offer in offers(load, cell.items))
    return PlannedTurn(cell.system, items, cell.choice.task, paced_s, paced=True)


def _finish(context: MeasuringContext, cells: Sequence[Cell]) -> None:
    records = RecordsReadOnce.of(context.records)
    check_some_answered(records, _names(cells))
    windows = with_abandoned(records)
    items = item_rows(records, cells, windows)
    context.writer.append_estimates(estimate_rows(context.resolved, items))
    context.writer.finish(items, windows, datetime.now(UTC).isoformat(timespec="seconds"))


def with_abandoned(records: RunRecords) -> list[WindowRow]:
    """Return the windows, those of rates that were interrupted and repeated marked as abandoned."""
    ended = {row.window for row in records.loads()}
    if not ended:
        return records.windows()
    return [
        replace(row, purpose=Purpose.ABANDONED) if row.purpose == Purpose.MEASURED and row.window not in ended else row
        for row in records.windows()
    ]


def _names(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    return [(cell.system, cell.choice.task) for cell in cells]


def _items(context: MeasuringContext, cell: Cell) -> int:
    return requests(cell.items, context.measure)


def _title(cell: Cell) -> str:
    return f"{cell.system} on {cell.choice.task}"
