"""Run the rounds of a gate: both systems loaded at once, asked in turns, until the caller ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from wattbench.config import Resolved
from wattbench.measure.item_rows import item_rows
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.measure.resume import recover_windows
from wattbench.measure.scorer import Scorer
from wattbench.prefill_decode import split_system
from wattbench.progress import PlannedTurn
from wattbench.records import BASELINE, SIDES, Purpose, RoundRow, RunRecords
from wattbench.records.rows.header import utc_now
from wattbench.records.schema.gate import gate_loads
from wattbench.scenarios.interleaved.ask_rounds import GateTurns
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.loads import Loads
from wattbench.scenarios.interleaved.peak_memory import measure_peaks, record_peaks
from wattbench.scenarios.interleaved.planted_faults import planted
from wattbench.scenarios.interleaved.schedule import Item, PlannedRound, pairs_of, plan_rounds, reload_points
from wattbench.scenarios.residents import Residents
from wattbench.systems import Engine

Decide = Callable[[], bool]
"""Called after a pair of rounds, when it is recorded; True ends the gate."""
PEAK_ITEMS = 8
"""Items that a system is asked where its peak memory is measured."""
LOOKS = 25
"""Pairs of short rounds after each of which there is a look; then they become rarer."""


@dataclass(frozen=True)
class GateSession:
    """One process's work on a gate."""

    context: MeasuringContext
    gate: Gate
    cells: Sequence[Cell]


def rounds_of(
    resolved: Resolved, gate: Gate, cells: Sequence[Cell], records: RunRecords | None = None
) -> list[PlannedRound]:
    """Return every round that a gate may still ask.

    In the scenario throughput a round consists of complete batches: they are what is measured.

    Args:
        resolved: the suite.
        gate: of it.
        cells: of the suite's two systems.
        records: what was asked before; an interrupted round is left out, as a part of it has been seen.
    """
    batch = resolved.suite.measure.batch
    documents = {cell.choice.task: cell.doc_ids for cell in cells}
    answered: set[Item] = set()
    pairs = 0
    if records is not None:
        answered = _answered(records, cells)
        pairs = max((row.pair for row in records.rounds() if row.pair is not None), default=-1) + 1
    planned = plan_rounds(
        {task: len(of_task) for task, of_task in documents.items()},
        seed=gate.seed,
        block=-(-gate.policy.block // batch) * batch,
        joules=gate.long_rounds,
        short=batch,
        most=gate.policy.max_items,
        answered={
            (task, position)
            for task, of_task in documents.items()
            for position, doc_id in enumerate(of_task)
            if (task, doc_id) in answered
        },
        pairs=pairs,
    )
    return [
        replace(each, items=tuple((task, documents[task][position]) for task, position in each.items))
        for each in planned
    ]


def run_gate(session: GateSession, decide: Decide) -> None:
    """Ask pairs of rounds until `decide` ends the gate, a cap is reached, or no item is left; then complete the record.

    Raises:
        UserError: a system failed. The rounds so far are recorded, and the gate can be resumed.
    """
    context, gate = session.context, session.gate
    recover_windows(context.records, context.writer)
    _say_what_is_left_out(session)
    left = rounds_of(context.resolved, gate, session.cells, context.records)
    if left and not _over(session, decide):
        configs = {system.name: context.resolved.systems[system.name] for system in gate.sides.values()}
        with context.alone(), Residents(context, configs, one_at_a_time=False, change=_planting(gate)) as residents:
            _ask(session, residents, left, decide)
    finish(context, gate, session.cells)


def _planting(gate: Gate) -> Callable[[str, Engine], Engine]:
    """Return a function that plants the faults of a drill in an engine."""
    side_of = {system.name: side for side, system in gate.sides.items()}

    def change(name: str, engine: Engine) -> Engine:
        harm = None if gate.plant is None else gate.plant.of_side(side_of[name])
        return engine if harm is None or not harm.as_record() else planted(engine, harm, seed=gate.seed)

    return change


def _answered(records: RunRecords, cells: Iterable[Cell]) -> set[Item]:
    """Return the items that any of the two systems answered."""
    return {(cell.choice.task, row.doc_id) for cell in cells for row in records.answers(cell.system, cell.choice.task)}


def _say_what_is_left_out(session: GateSession) -> None:
    records = session.context.records
    torn = _answered(records, session.cells) - {item for row in records.rounds() for item in row.items}
    if torn:
        items = (
            "1 item of an interrupted round is" if len(torn) == 1 else f"{len(torn)} items of an interrupted round are"
        )
        session.context.progress.note(f"{items} left out: only one of the systems may have been asked", keep=True)


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
        context.progress.note(f"{spent_j:.0f} J were measured; the policy ends the gate at {most_j:g} J", keep=True)
        return True
    return False


def _ask(session: GateSession, residents: Residents, left: Sequence[PlannedRound], decide: Decide) -> None:
    context, gate, rows = session.context, session.gate, session.context.records.rounds()
    peaks = measure_peaks(context, gate, [item for planned in left for item in planned.items][:PEAK_ITEMS])
    before = sum(len(row.items) for row in rows)
    times = gate_loads(before + sum(len(planned.items) for planned in left)) - 1
    points = reload_points(left, times if gate.policy.reloads == "auto" else gate.policy.reloads, before=before)
    loads = Loads(residents, gate, context.progress, max((row.load for row in rows), default=-1) + 1, points)
    loads.load()
    record_peaks(context, peaks)
    baseline = gate.sides[BASELINE].name
    context.trace_to(baseline, None)
    both = [side.name for side in gate.sides.values()]
    idle_w = context.idle_power_w(baseline, "both loaded", both)  # of both systems; recorded as the baseline's
    turns = GateTurns(context, idle_w, _next_calls(session), left[-1].items)
    scorers = {
        choice.task: Scorer(context.resolved, choice, allow_unsafe_code=context.allow_unsafe_code)
        for choice in context.resolved.tasks
    }
    number = len(rows)
    for stretch in _stretches(left):
        title = _title(number, sum(map(len, stretch)))
        context.progress.start_cell(title, _turn(stretch, gate, context.measure.repeats), 0)
        for pair in stretch:
            loads.load_again_before(pair[0].pair)
            for planned in pair:
                row = _ask_round(number, planned, gate, residents, turns, scorers)
                _show_scores(context, gate, row)
                context.writer.append_round(replace(row, load=loads.number - 1))
                number += 1
            if is_look(pair[0]) and _over(session, decide):
                context.progress.end_cell()
                return
        context.progress.end_cell()


def is_look(planned: PlannedRound) -> bool:
    """Return whether a gate takes an interim look after a pair.

    After each pair with joules; after each of the first 25 others, and then after every 25th part more of them: that
    costs at most 4% more items, and reads the record less often.
    """
    done = planned.pair + 1
    return planned.long or done % max(done // LOOKS, 1) == 0


def _ask_round(
    number: int,
    planned: PlannedRound,
    gate: Gate,
    residents: Residents,
    turns: GateTurns,
    scorers: Mapping[str, Scorer],
) -> RoundRow:
    answers = {side: turns.ask(residents.get(gate.sides[side].name), planned) for side in planned.order}
    turns.asked_before = planned.items
    return RoundRow(
        number=number,
        pair=planned.pair,
        first=planned.first,
        items=list(planned.items),
        windows={side: of_side.window for side, of_side in answers.items()},
        scores={
            side: {task: scorers[task].score(rows) for task, rows in of_side.by_task.items()}
            for side, of_side in answers.items()
        },
        long=planned.long,
    )


def _show_scores(context: MeasuringContext, gate: Gate, row: RoundRow) -> None:
    for side, by_task in row.scores.items():
        scores = [score.correct for of_task in by_task.values() for score in of_task]
        context.progress.score(gate.sides[side].name, partial(_summed, scores))


def _summed(scores: Sequence[float]) -> tuple[float, int]:
    return sum(scores), len(scores)


def _stretches(left: Sequence[PlannedRound]) -> Iterator[list[list[PlannedRound]]]:
    """Yield the pairs of each step of the progress: up to eight short pairs together, each later pair alone."""
    stretch: list[list[PlannedRound]] = []
    for pair in pairs_of(left):
        if stretch and (pair[0].later or len(stretch) == 8):
            yield stretch
            stretch = []
        stretch.append(pair)
        if pair[0].later:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def steps_of(left: Sequence[PlannedRound], gate: Gate, repeats: int) -> list[PlannedTurn]:
    """Return the progress's steps of a gate that asks all rounds that are left."""
    return [_turn(stretch, gate, repeats) for stretch in _stretches(left)]


def _turn(stretch: Sequence[Sequence[PlannedRound]], gate: Gate, repeats: int) -> PlannedTurn:
    """Return some pairs of rounds as one step of the progress."""
    items = sum(len(planned.items) for pair in stretch for planned in pair)
    names = tuple(side.name for side in gate.sides.values())
    return PlannedTurn("the gate", items * len(SIDES) * repeats, systems=names)


def _title(begun: int, rounds: int) -> str:
    return f"round {begun + 1}" if rounds == 1 else f"rounds {begun + 1} to {begun + rounds}"


def _next_calls(session: GateSession) -> dict[str, int]:
    """Return the number of each system's next call."""
    records = session.context.records
    numbers = dict.fromkeys((system.name for system in session.gate.sides.values()), 0)
    for cell in session.cells:
        last = max((row.batch for row in records.answers(cell.system, cell.choice.task)), default=-1)
        numbers[cell.system] = max(numbers[cell.system], last + 1)
    return numbers


def finish(context: MeasuringContext, gate: Gate, cells: Sequence[Cell]) -> None:
    """Write the phases of each system, the scores of each cell that was asked, and the tables."""
    records = CompleteRounds.of(context.writer.layout)
    rounds, windows = records.rounds(), records.windows()
    tasks = list(dict.fromkeys(cell.choice.task for cell in cells))
    complete = []
    for side, system in gate.sides.items():
        if rounds:
            for phase in split_system(records, system.name, tasks):
                context.writer.append_phase(phase)
        for cell in (each for each in cells if each.system == system.name):
            scores = [score for row in rounds for score in row.scores[side].get(cell.choice.task, [])]
            if scores:
                context.writer.write_scores(cell.system, cell.choice.task, scores)
                complete.append(cell)
    items = item_rows(records, complete, windows)
    context.writer.finish(items, windows, utc_now())
