"""The loop over rounds: both systems loaded at once, asked in turns, until somebody says that it is known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from wattbench.config import Resolved, TaskChoice
from wattbench.measure.cell_recorder import WindowNames, open_window
from wattbench.measure.item_rows import item_rows, system_row, training_costs
from wattbench.measure.plan import Cell
from wattbench.measure.resume import check_same_system, recover_windows
from wattbench.meters import Metering
from wattbench.prefill_decode import split_cell
from wattbench.progress import Progress
from wattbench.records import BASELINE, CANDIDATE, SIDES, Purpose, RoundRow, RunRecords, RunWriter, read_run
from wattbench.scenarios.interleaved.ask_rounds import Asker, Bench, Scorer
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.peak_memory import Peak, peak_alone
from wattbench.scenarios.interleaved.planted_faults import planted
from wattbench.scenarios.interleaved.schedule import PlannedRound, not_begun, plan_rounds
from wattbench.scenarios.interleaved.whole_rounds import WholeRounds
from wattbench.systems import Engine, open_engine, release_base

Decide = Callable[[], bool]
"""Asked after each round, when it is on record: whether enough is known."""


@dataclass(frozen=True)
class GateSession:
    """One process's work on a gate: a fresh one has one, a resumed one several."""

    resolved: Resolved
    """With the two systems alone, by their names in the record."""
    gate: Gate
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

    @cached_property
    def bench(self) -> Bench:
        """What both sides are measured with."""
        return Bench(
            self.resolved, self.writer, self.metering, self.names, self.progress.advance, self.allow_unsafe_code
        )


def rounds_of(resolved: Resolved, gate: Gate, cells: Iterable[Cell]) -> list[PlannedRound]:
    """Every round that a gate may come to.

    In the scenario throughput a round is whole batches: what is measured is so many items under way together.
    """
    batch = resolved.suite.measure.batch
    items = {cell.choice.task: cell.items for cell in cells}
    block = -(-gate.policy.block // batch) * batch
    return plan_rounds(items, block=block, seed=gate.seed, most=gate.policy.max_items)


def run_gate(session: GateSession, decide: Decide) -> None:
    """Ask round after round until it is known, a cap is reached, or there are no items left; then end the record.

    Raises:
        UserError: a system failed. What was asked is on record, and can be gone on with.
    """
    recover_windows(session.records, session.writer)
    left = _left(session)
    if left and not _over(session, decide):
        try:
            _ask(session, left, decide)
        finally:
            session.metering.trace_to(None)
            release_base()
    _finish(session)


def _left(session: GateSession) -> list[PlannedRound]:
    records = session.records
    asked = {
        (cell.choice.task, row.doc_id)
        for cell in session.cells
        for row in records.answers(cell.system, cell.choice.task)
    }
    whole = {(each.task, doc_id) for each in records.rounds() for doc_id in each.doc_ids}
    if asked - whole:
        session.progress.note(
            f"{len(asked - whole)} items of a round that was cut off are left out: only one of the systems may have "
            "been asked"
        )
    return not_begun(rounds_of(session.resolved, session.gate, session.cells), asked)


def _over(session: GateSession, decide: Decide) -> bool:
    """Whether a gate that has rounds on record may end with them."""
    records = session.records
    if not records.rounds():
        return False
    if decide():
        return True
    most_j = session.gate.policy.max_joules
    spent_j = sum(row.total_j or 0.0 for row in records.windows() if row.purpose == Purpose.MEASURED)
    if most_j is not None and spent_j >= most_j:
        session.progress.note(f"{spent_j:.0f} J were measured; the policy ends the gate at {most_j:g} J")
        return True
    return False


def _ask(session: GateSession, left: Sequence[PlannedRound], decide: Decide) -> None:
    peaks = _peaks(session, left[0])
    with ExitStack() as opened:
        engines = {side: _open(session, side, opened, peaks.get(side)) for side in SIDES}
        idle_w = _idle(session)
        askers = {side: _asker(session, side, engine, idle_w) for side, engine in engines.items()}
        scorers = {choice.task: Scorer(session.bench, choice) for choice in session.resolved.tasks}
        for number, planned in enumerate(left, start=len(session.records.rounds())):
            session.progress.start_cell(f"round {number + 1}: {planned.task}", _answers(session, planned), 0)
            session.writer.append_round(_ask_round(number, planned, askers, scorers, _choices(session)))
            session.progress.end_cell()
            if _over(session, decide):
                return


def _ask_round(
    number: int,
    planned: PlannedRound,
    askers: Mapping[str, Asker],
    scorers: Mapping[str, Scorer],
    choices: Mapping[str, TaskChoice],
) -> RoundRow:
    windows, scores = {}, {}
    for side in planned.order:
        rows = askers[side].ask(choices[planned.task], planned)
        windows[side] = rows[0].window
        scores[side] = scorers[planned.task].score(rows)
    return RoundRow(
        number=number,
        task=planned.task,
        first=planned.first,
        doc_ids=list(planned.doc_ids),
        windows=windows,
        scores=scores,
    )


def _open(session: GateSession, side: str, opened: ExitStack, peak: Peak | None) -> Engine:
    """Load a system in a window, and put down what it is. Its peak memory cannot be told beside another system."""
    name, measure = session.gate.sides[side].name, session.resolved.suite.measure
    config = session.resolved.systems[name]
    session.progress.note(f"loading {name} ...")
    session.metering.trace_to(session.writer.layout.trace(name, None))
    window = open_window(session.metering, session.writer, session.names.label(name, None, Purpose.LOAD))
    engine = opened.enter_context(open_engine(name, config, batch=measure.batch, seed=measure.seed))
    load = window.close()
    session.writer.append_window(load)
    row = system_row(
        name, config, engine.facts(), load, mixture=engine.mixture(), training=training_costs(name, config)
    )
    records = session.records
    check_same_system(records, row)
    if peak is None and name in records.systems():
        before = records.systems()[name]
        peak = Peak(before.peak_memory_bytes, before.peak_device_memory_bytes)
    if peak is not None:
        row = replace(row, peak_memory_bytes=peak.resident_bytes, peak_device_memory_bytes=peak.device_bytes)
    session.writer.append_system(row)
    if side == CANDIDATE and session.gate.plant is not None:
        return planted(engine, session.gate.plant, seed=session.gate.seed)
    return engine


def _peaks(session: GateSession, planned: PlannedRound) -> dict[str, Peak]:
    """Where the policy asks for it and it is not on record yet: each system's peak memory, in a process of its own."""
    if "peak_memory" not in session.gate.policy.metrics:
        return {}
    known = session.records.systems()
    found = {}
    for side, own in session.gate.sides.items():
        if own.name in known and known[own.name].peak_memory_bytes is not None:
            continue
        session.progress.note(f"{own.name}: peak memory, alone in a process of its own ...")
        found[side] = peak_alone(session.resolved, own.name, planned, allow_unsafe_code=session.allow_unsafe_code)
    return found


def _idle(session: GateSession) -> Mapping[str, float]:
    """Watts per component with both systems loaded and nothing asked of either. On record it is the baseline's."""
    idle_s = session.resolved.suite.measure.idle_s
    if not idle_s:
        return {}
    idle_s = max(idle_s, session.metering.shortest_window_s)
    session.progress.note(f"both loaded: idle for {idle_s:g} s ...")
    name = session.gate.sides[BASELINE].name
    session.metering.trace_to(session.writer.layout.trace(name, None))
    window = open_window(session.metering, session.writer, session.names.label(name, None, Purpose.IDLE))
    time.sleep(idle_s)
    row = window.close()
    session.writer.append_window(row)
    return {component: j / row.duration_s for component, j in row.energy_j.items()} if row.valid else {}


def _asker(session: GateSession, side: str, engine: Engine, idle_w: Mapping[str, float]) -> Asker:
    name, records = session.gate.sides[side].name, session.records
    numbers = {
        task: max((row.batch for row in records.answers(name, task)), default=-1) + 1 for task in _choices(session)
    }
    return Asker(session.bench, name, session.resolved.systems[name], engine, idle_w, numbers)


def _finish(session: GateSession) -> None:
    """Scores and phases of each cell that was asked, and the tables: of whole rounds alone."""
    records = WholeRounds.of(session.writer.layout)
    rounds, windows = records.rounds(), records.windows()
    sides = {own.name: side for side, own in session.gate.sides.items()}
    items = []
    for cell in session.cells:
        side, task = sides[cell.system], cell.choice.task
        scores = [row for each in rounds if each.task == task for row in each.scores[side]]
        if scores:
            for phase in split_cell(records, cell.system, task):
                session.writer.append_phase(phase)
            session.writer.write_scores(cell.system, task, scores)
            items += item_rows(records, cell, windows)
    session.writer.finish(items, windows, datetime.now(UTC).isoformat(timespec="seconds"))


def _choices(session: GateSession) -> dict[str, TaskChoice]:
    return {choice.task: choice for choice in session.resolved.tasks}


def _answers(session: GateSession, planned: PlannedRound) -> int:
    return planned.items * len(SIDES) * session.resolved.suite.measure.repeats
