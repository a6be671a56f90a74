"""The loop over cells: load, warm up, idle, measure, score, record."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from wattbench.config import Prompt, Resolved
from wattbench.measure.cell_recorder import CellRecorder, WindowNames, open_window
from wattbench.measure.item_rows import expert_row, item_rows, system_row, training_costs
from wattbench.measure.plan import Cell, requests
from wattbench.measure.resume import check_same_system, recover_windows
from wattbench.measure.timed_lm import TimedLM, items_of
from wattbench.meters import Chosen, Metering
from wattbench.prefill_decode import split_cell
from wattbench.progress import Progress, progress
from wattbench.records import ExpertRow, Purpose, RunRecords, RunWriter, ScoreRow, WindowRow, read_run
from wattbench.scenarios.open_loop import LoadCell, run_rates, score_rates
from wattbench.systems import Engine, TaskContext, base_key, open_engine, release_base
from wattbench.systems.memory import reset_peak
from wattbench.tasks.loading import load_task
from wattbench.tasks.requests import requests_by_document
from wattbench.tasks.scoring import evaluate, score_rows

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM


@dataclass(frozen=True)
class Session:
    """One process's work on a run: a fresh run has one, a resumed run several."""

    resolved: Resolved
    cells: Sequence[Cell]
    writer: RunWriter
    metering: Metering
    names: WindowNames
    progress: Progress
    allow_unsafe_code: bool

    @property
    def records(self) -> RunRecords:
        """What is on disk so far."""
        return read_run(self.writer.layout.root)


def run_to_end(
    writer: RunWriter, resolved: Resolved, cells: Sequence[Cell], chosen: Chosen, *, allow_unsafe_code: bool = False
) -> None:
    """Open the meters, show what goes on, and bring a run to its end, be it new or interrupted."""
    records = read_run(writer.layout.root)
    names = WindowNames(records.header.run, len(records.windows()) + len(records.open_windows()))
    items = sum(requests(cell.items, resolved.suite.measure) for cell in cells)
    with writer, Metering(chosen.meters) as metering, progress(len(cells), items) as shown:
        run_cells(Session(resolved, cells, writer, metering, names, shown, allow_unsafe_code))


def run_cells(session: Session) -> None:
    """Bring a run to its end, asking only what is not answered yet."""
    recover_windows(session.records, session.writer)
    by_system = [(name, list(own)) for name, own in groupby(session.cells, key=lambda cell: cell.system)]
    bases = [base_key(cells[0].config) for _, cells in by_system]
    try:
        for (name, cells), base, following in zip(by_system, bases, [*bases[1:], None], strict=True):
            _run_system(session, name, cells)
            if base is None or base != following:  # None: a hybrid of several bases, say, may have left one
                release_base()
    finally:
        session.metering.trace_to(None)
    _finish(session)


def _run_system(session: Session, name: str, cells: Sequence[Cell]) -> None:
    records = session.records
    pending = [cell for cell in cells if records.scores(cell.system, cell.choice.task) is None]
    for cell in cells:
        if cell not in pending:
            session.progress.start_cell(_title(cell), _items(session, cell), _items(session, cell))
            session.progress.end_cell()
    if not pending:
        return
    session.progress.note(f"loading {name} ...")
    session.metering.trace_to(records.layout.trace(name, None))
    window = open_window(session.metering, session.writer, session.names.label(name, None, Purpose.LOAD))
    reset_peak()
    measure = session.resolved.suite.measure
    with open_engine(name, pending[0].config, batch=measure.batch, seed=measure.seed) as engine:
        load = window.close()
        session.writer.append_window(load)
        config = pending[0].config
        row = system_row(
            name, config, engine.facts(), load, mixture=engine.mixture(), training=training_costs(name, config)
        )
        check_same_system(records, row)
        session.writer.append_system(row)
        idle_w = _idle(session, name)
        for cell in pending:
            _run_cell(session, cell, engine, idle_w)
        session.writer.append_system(
            replace(
                row,
                peak_memory_bytes=engine.peak_memory_bytes(),
                peak_device_memory_bytes=engine.peak_device_memory_bytes(),
            )
        )


def _idle(session: Session, name: str) -> Mapping[str, float]:
    """Watts per component with the system loaded and nothing asked of it. The system's, so once for all its cells."""
    idle_s = session.resolved.suite.measure.idle_s
    if not idle_s:
        return {}
    idle_s = max(idle_s, session.metering.shortest_window_s)  # a slow sensor needs longer than the suite asks
    session.progress.note(f"{name}: idle for {idle_s:g} s ...")
    window = open_window(session.metering, session.writer, session.names.label(name, None, Purpose.IDLE))
    time.sleep(idle_s)
    row = window.close()
    session.writer.append_window(row)
    return {component: j / row.duration_s for component, j in row.energy_j.items()} if row.valid else {}


def _run_cell(session: Session, cell: Cell, engine: Engine, idle_w: Mapping[str, float]) -> None:
    measure, task = session.resolved.suite.measure, cell.choice.task
    answers = session.records.answers(cell.system, task)
    engine.begin_task(_context(session, cell))
    session.progress.start_cell(_title(cell), _items(session, cell), len(answers))
    session.metering.trace_to(session.writer.layout.trace(cell.system, task))
    first_number = max((row.batch for row in answers), default=-1) + 1
    if measure.load is not None:
        scores = _run_load(session, cell, engine, idle_w, first_number)
    else:
        scores = _run_items(session, cell, engine, idle_w, first_number)
    if engine.mixture() is not None:
        session.writer.write_experts(cell.system, task, _experts_asked(session, cell, engine))
    if measure.load is None:  # under load a cell is several: each rate would be a split of its own
        for phase in split_cell(session.records, cell.system, task):
            session.writer.append_phase(phase)
    session.writer.write_scores(cell.system, task, scores)
    session.progress.end_cell()


def _run_items(
    session: Session, cell: Cell, engine: Engine, idle_w: Mapping[str, float], first_number: int
) -> list[ScoreRow]:
    """Ask every item that is not answered yet, as often as the suite says."""
    measure, task = session.resolved.suite.measure, cell.choice.task
    answered = {(r.request_type, r.doc_id, r.repeat): r for r in session.records.answers(cell.system, task)}
    numbers = itertools.count(first_number)
    recorder = CellRecorder(
        engine,
        session.writer,
        session.metering,
        measure,
        label=lambda purpose: session.names.label(cell.system, task, purpose),
        system=cell.system,
        task=task,
        idle_w=idle_w,
        advance=session.progress.advance,
    )
    scores: list[ScoreRow] = []
    for repeat in range(measure.repeats):
        lm = TimedLM(engine, recorder, batch=measure.batch, repeat=repeat, answered=answered, numbers=numbers)
        # lm-eval changes a task as it runs it, so each repeat gets its own.
        loaded = load_task(session.resolved, cell.choice)
        samples = evaluate(lm, loaded, cell.config.prompt, measure, allow_unsafe_code=session.allow_unsafe_code)
        scores += score_rows(samples, cell.choice, repeat)
    return scores


def _run_load(
    session: Session, cell: Cell, engine: Engine, idle_w: Mapping[str, float], first_number: int
) -> list[ScoreRow]:
    """Let requests arrive at each rate that is not on record yet."""
    task = cell.choice.task
    found = _context(session, cell).requests(cell.config.prompt, engine.lm)
    asks = [ask for own in found.values() for ask in items_of(own[0].request_type, own)]
    load_cell = LoadCell(
        engine=engine,
        system=cell.system,
        task=task,
        asks=asks,
        measure=session.resolved.suite.measure,
        writer=session.writer,
        metering=session.metering,
        label=lambda purpose: session.names.label(cell.system, task, purpose),
        idle_w=idle_w,
        note=session.progress.note,
        advance=session.progress.advance,
    )
    run_rates(load_cell, session.records.loads(), first_number)
    return score_rates(
        load_cell,
        session.records.answers(cell.system, task),
        session.resolved,
        cell.choice,
        cell.config,
        allow_unsafe_code=session.allow_unsafe_code,
    )


def _experts_asked(session: Session, cell: Cell, engine: Engine) -> list[ExpertRow]:
    """Which experts were asked for each item: in a pass of its own, outside every window, as watching takes time."""
    rows = []
    for answer in session.records.answers(cell.system, cell.choice.task):
        said = answer.replies[0] if isinstance(answer.replies[0], str) else ""
        rows.append(expert_row(answer, engine.experts_asked(answer.prompt, said)))
    return rows


def _context(session: Session, cell: Cell) -> TaskContext:
    def requests(prompt: Prompt, lm: LM) -> Mapping[int, Sequence[Instance]]:
        return requests_by_document(
            session.resolved,
            cell.choice,
            prompt,
            session.resolved.suite.measure,
            lm,
            allow_unsafe_code=session.allow_unsafe_code,
        )

    return TaskContext(cell.choice.task, cell.choice.domain, requests)


def _finish(session: Session) -> None:
    records = session.records
    windows = _counted(records)
    items = [row for cell in session.cells for row in item_rows(records, cell, windows)]
    session.writer.finish(items, windows, datetime.now(UTC).isoformat(timespec="seconds"))


def _counted(records: RunRecords) -> list[WindowRow]:
    """The windows; those of rates that were cut off and asked again are marked as such."""
    ended = {row.window for row in records.loads()}
    if not ended:
        return records.windows()
    return [
        replace(row, purpose=Purpose.ABANDONED) if row.purpose == Purpose.MEASURED and row.window not in ended else row
        for row in records.windows()
    ]


def _items(session: Session, cell: Cell) -> int:
    return requests(cell.items, session.resolved.suite.measure)


def _title(cell: Cell) -> str:
    return f"{cell.system} on {cell.choice.task}"
