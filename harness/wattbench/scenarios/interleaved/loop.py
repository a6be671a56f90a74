"""Run the rounds of a gate: both systems loaded at once, asked in turns, until the caller ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from wattbench.config import Resolved, TaskChoice
from wattbench.measure.item_rows import item_rows, system_row, training_costs
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.measure.resume import check_same_system, recover_windows
from wattbench.measure.scorer import Scorer
from wattbench.prefill_decode import split_cell
from wattbench.records import BASELINE, CANDIDATE, SIDES, Purpose, RoundRow
from wattbench.scenarios.interleaved.ask_rounds import LoadedSystem
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.peak_memory import Peak, peak_alone
from wattbench.scenarios.interleaved.planted_faults import planted
from wattbench.scenarios.interleaved.schedule import PlannedRound, not_begun, plan_rounds
from wattbench.systems import Engine, open_engine, release_base

Decide = Callable[[], bool]
"""Called after each round, when it is recorded; True ends the gate."""


@dataclass(frozen=True)
class GateSession:
    """One process's work on a gate."""

    context: MeasuringContext
    gate: Gate
    cells: Sequence[Cell]


def rounds_of(resolved: Resolved, gate: Gate, cells: Iterable[Cell]) -> list[PlannedRound]:
    """Return every round that a gate may ask.

    In the scenario throughput a round consists of complete batches: they are what is measured.
    """
    batch = resolved.suite.measure.batch
    items = {cell.choice.task: cell.items for cell in cells}
    block = -(-gate.policy.block // batch) * batch
    return plan_rounds(items, block=block, seed=gate.seed, most=gate.policy.max_items)


def run_gate(session: GateSession, decide: Decide) -> None:
    """Ask round after round until `decide` ends it, a cap is reached, or no item is left; then complete the record.

    Raises:
        UserError: a system failed. The rounds so far are recorded, and the gate can be resumed.
    """
    context = session.context
    recover_windows(context.records, context.writer)
    left = _left(session)
    if left and not _over(session, decide):
        try:
            _ask(session, left, decide)
        finally:
            context.metering.trace_to(None)
            release_base()
    _finish(session)


def _left(session: GateSession) -> list[PlannedRound]:
    context = session.context
    records = context.records
    answered = {
        (cell.choice.task, row.doc_id)
        for cell in session.cells
        for row in records.answers(cell.system, cell.choice.task)
    }
    complete = {(each.task, doc_id) for each in records.rounds() for doc_id in each.doc_ids}
    if answered - complete:
        context.progress.note(
            f"{len(answered - complete)} items of an interrupted round are left out: only one of the systems may have "
            "been asked"
        )
    return not_begun(rounds_of(context.resolved, session.gate, session.cells), answered)


def _over(session: GateSession, decide: Decide) -> bool:
    """Return whether a gate may end with the rounds that are recorded."""
    context = session.context
    records = context.records
    if not records.rounds():
        return False
    if decide():
        return True
    most_j = session.gate.policy.max_joules
    spent_j = sum(row.total_j or 0.0 for row in records.windows() if row.purpose == Purpose.MEASURED)
    if most_j is not None and spent_j >= most_j:
        context.progress.note(f"{spent_j:.0f} J were measured; the policy ends the gate at {most_j:g} J")
        return True
    return False


def _ask(session: GateSession, left: Sequence[PlannedRound], decide: Decide) -> None:
    context = session.context
    peaks = _peaks(session, left[0])
    with ExitStack() as opened:
        engines = {side: _open(session, side, opened, peaks.get(side)) for side in SIDES}
        baseline = session.gate.sides[BASELINE].name
        context.trace_to(baseline, None)
        idle_w = context.idle_power_w(baseline, "both loaded")  # of both systems; recorded as the baseline's
        loaded = {side: _loaded_system(session, side, engine, idle_w) for side, engine in engines.items()}
        scorers = {choice.task: Scorer(context, choice) for choice in context.resolved.tasks}
        for number, planned in enumerate(left, start=len(context.records.rounds())):
            context.progress.start_cell(f"round {number + 1}: {planned.task}", _answers(session, planned), 0)
            context.writer.append_round(_ask_round(number, planned, loaded, scorers, _choices(session)))
            context.progress.end_cell()
            if _over(session, decide):
                return


def _ask_round(
    number: int,
    planned: PlannedRound,
    loaded: Mapping[str, LoadedSystem],
    scorers: Mapping[str, Scorer],
    choices: Mapping[str, TaskChoice],
) -> RoundRow:
    windows, scores = {}, {}
    for side in planned.order:
        rows = loaded[side].ask(choices[planned.task], planned)
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
    """Load a system in a window, and record what it is. Next to another system its peak memory cannot be measured."""
    context = session.context
    name, measure = session.gate.sides[side].name, context.measure
    config = context.resolved.systems[name]
    context.progress.note(f"loading {name} ...")
    context.trace_to(name, None)
    window = context.open_window(name, None, Purpose.LOAD)
    engine = opened.enter_context(open_engine(name, config, batch=measure.batch, seed=measure.seed))
    load = window.close()
    context.writer.append_window(load)
    row = system_row(
        name, config, engine.facts(), load, mixture=engine.mixture(), training=training_costs(name, config)
    )
    records = context.records
    check_same_system(records, row)
    if peak is None and name in records.systems():
        before = records.systems()[name]
        peak = Peak(before.peak_memory_bytes, before.peak_device_memory_bytes)
    if peak is not None:
        row = replace(row, peak_memory_bytes=peak.resident_bytes, peak_device_memory_bytes=peak.device_bytes)
    context.writer.append_system(row)
    if side == CANDIDATE and session.gate.plant is not None:
        return planted(engine, session.gate.plant, seed=session.gate.seed)
    return engine


def _peaks(session: GateSession, planned: PlannedRound) -> dict[str, Peak]:
    """Measure each system's peak memory, in a process of its own, if the policy needs it and it is not recorded yet."""
    context = session.context
    if "peak_memory" not in session.gate.policy.metrics:
        return {}
    known = context.records.systems()
    peaks = {}
    for side, system in session.gate.sides.items():
        if system.name in known and known[system.name].peak_memory_bytes is not None:
            continue
        context.progress.note(f"{system.name}: peak memory, alone in a process of its own ...")
        peaks[side] = peak_alone(context.resolved, system.name, planned, allow_unsafe_code=context.allow_unsafe_code)
    return peaks


def _loaded_system(session: GateSession, side: str, engine: Engine, idle_w: Mapping[str, float]) -> LoadedSystem:
    context = session.context
    name, records = session.gate.sides[side].name, context.records
    numbers = {
        task: max((row.batch for row in records.answers(name, task)), default=-1) + 1 for task in _choices(session)
    }
    return LoadedSystem(context, name, context.resolved.systems[name], engine, idle_w, numbers)


def _finish(session: GateSession) -> None:
    """Write the scores and phases of each cell that was asked, and the tables: of complete rounds alone."""
    context = session.context
    records = CompleteRounds.of(context.writer.layout)
    rounds, windows = records.rounds(), records.windows()
    sides = {system.name: side for side, system in session.gate.sides.items()}
    complete = []
    for cell in session.cells:
        side, task = sides[cell.system], cell.choice.task
        scores = [row for each in rounds if each.task == task for row in each.scores[side]]
        if scores:
            for phase in split_cell(records, cell.system, task):
                context.writer.append_phase(phase)
            context.writer.write_scores(cell.system, task, scores)
            complete.append(cell)
    items = item_rows(records, complete, windows)
    context.writer.finish(items, windows, datetime.now(UTC).isoformat(timespec="seconds"))


def _choices(session: GateSession) -> dict[str, TaskChoice]:
    return {choice.task: choice for choice in session.context.resolved.tasks}


def _answers(session: GateSession, planned: PlannedRound) -> int:
    return planned.items * len(SIDES) * session.context.measure.repeats
