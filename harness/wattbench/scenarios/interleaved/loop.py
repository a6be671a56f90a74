"""Run the rounds of a gate: both systems loaded at once, asked in turns, until the caller ends it.

Load both systems of a gate, and load them again while it runs, where that is cheap.

Two loads of one system can differ for as long as they last: where its memory came to lie, which graphs were compiled,
at which clock a server settled. Such a difference would pass for one of the systems. Repeating at the level where the
variation arises, here the loading, is what Kalibera and Jones recommend (Rigorous benchmarking in reasonable time, ISMM
2013).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from wattbench.clock import now_s
from wattbench.config import Resolved, repeats_of
from wattbench.measure.ask_items import ask_items
from wattbench.measure.call_rows import call_rows
from wattbench.measure.cell_recorder import CellRecorder
from wattbench.measure.item_rows import item_rows
from wattbench.measure.judging.judge_rows import record_judges
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import Cell
from wattbench.measure.resume import recover_windows
from wattbench.measure.scorer import Scorer
from wattbench.prefill_decode import split_system
from wattbench.progress import PlannedTurn, Progress
from wattbench.records import BASELINE, AnswerRow, Purpose, RoundRow, RunRecords
from wattbench.records.rows.header import utc_now
from wattbench.records.schema.gate import gate_loads
from wattbench.scenarios.interleaved.complete_rounds import CompleteRounds
from wattbench.scenarios.interleaved.gate import Gate
from wattbench.scenarios.interleaved.peak_memory import measure_peaks, record_peaks
from wattbench.scenarios.interleaved.planted_faults import planted
from wattbench.scenarios.interleaved.schedule import (
    Item,
    PlannedRound,
    load_order,
    pairs_of,
    plan_rounds,
    reload_points,
)
from wattbench.scenarios.residents import Resident, Residents, items_in
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
        context.progress.start_cell(title, _turn(stretch, gate, session.cells), 0)
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
        scored = (score.correct for of_task in by_task.values() for score in of_task)
        scores = [correct for correct in scored if correct is not None]
        context.progress.score(gate.sides[side].name, partial(_summed, scores))


def _summed(scores: Sequence[float]) -> tuple[float, int] | None:
    return (sum(scores), len(scores)) if scores else None


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


def steps_of(left: Sequence[PlannedRound], gate: Gate, cells: Sequence[Cell]) -> list[PlannedTurn]:
    """Return the progress's steps of a gate that asks all rounds that are left."""
    return [_turn(stretch, gate, cells) for stretch in _stretches(left)]


def _turn(stretch: Sequence[Sequence[PlannedRound]], gate: Gate, cells: Sequence[Cell]) -> PlannedTurn:
    """Return some pairs of rounds as one step of the progress."""
    items = sum(len(planned.items) for pair in stretch for planned in pair)
    repeats = {cell.system: cell.repeats for cell in cells}
    names = tuple(side.name for side in gate.sides.values())
    return PlannedTurn("the gate", items * sum(repeats[name] for name in names), systems=names)


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
    """Write the phases of each system, the scores of each cell that was asked, the judges, and the tables."""
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
    record_judges(context.resolved, records, context.writer)
    calls = call_rows(records, windows)
    context.writer.finish(item_rows(records, complete, windows, calls), windows, utc_now(), calls)


@dataclass(frozen=True)
class RoundAnswers:
    """The answers of one system in a round."""

    window: str
    by_task: Mapping[str, Sequence[AnswerRow]]
    """Repeats included."""


@dataclass
class GateTurns:
    """Asks the two systems of a gate in turns."""

    context: MeasuringContext
    idle_w: Mapping[str, float]
    """With both systems loaded."""
    numbers: Mapping[str, int]
    """System to the number of its next call."""
    asked_before: tuple[Item, ...]
    """Items to warm up with: no cache has then seen those that are measured."""
    _calls: dict[str, Iterator[int]] = field(default_factory=dict)
    _last: str | None = None
    """The system that was asked last."""

    def ask(self, resident: Resident, planned: PlannedRound) -> RoundAnswers:
        """Ask a round in a window of its own, and write the answers to disk."""
        context = self.context
        context.trace_to(resident.name, None)
        recorder = self._recorder(resident, long=planned.long)
        asks = items_in(
            resident,
            [
                (item, repeat)
                for repeat in range(repeats_of(resident.config, context.measure))
                for item in planned.items
            ],
        )
        numbers = self._calls.setdefault(resident.name, itertools.count(self.numbers[resident.name]))
        with context.limited(resident.name):
            recorder.warm_up(items_in(resident, [(item, 0) for item in self.asked_before]))
            resident.warm, self._last = True, resident.name
            for _ in ask_items(resident.engine, recorder, asks, batch=context.measure.batch, numbers=numbers):
                """The recorder keeps the answers."""
            recorder.done()
        return RoundAnswers(recorder.window, recorder.rows)

    def _recorder(self, resident: Resident, *, long: bool) -> CellRecorder:
        """Return a recorder for a round, with the number of items to warm up with.

        A system is warmed up after it was loaded, and with one item where the other system was asked last: the cost of
        a switch would else be part of the seconds of a short round.
        """
        measure = self.context.measure
        most = measure.warmup if not resident.warm else 0 if self._last == resident.name else 1
        # Its part of a round is one window, however long it takes.
        one_window = measure.model_copy(update={"window_s": float("inf"), "warmup": min(most, measure.warmup)})
        return CellRecorder(
            self.context,
            resident.engine,
            system=resident.name,
            task=None,
            idle_w=self.idle_w,
            measure=one_window,
            fill=long,
        )


CHEAP_SHARE = 0.1
"""Of what the gate has run so far: loading both takes less."""
CHEAP_S = 3.0
"""Or at most so long."""


@dataclass
class Loads:
    """Keeps both systems of a gate loaded, and counts how often they were."""

    residents: Residents
    gate: Gate
    progress: Progress
    number: int
    """Of the next loading."""
    points: Sequence[int]
    """The pairs before which both are due to be loaded again."""
    _stay: bool = False
    """Loading is not cheap, so that they stay loaded: how loads differ is known from many of equal size, or not."""
    _began_s: float = field(default_factory=now_s)
    _took_s: float = 0.0
    """How long the last loading took."""

    def load(self) -> None:
        """Load both systems, in a random order."""
        self.residents.release_all()
        order = [self.gate.sides[side].name for side in load_order(self.gate.seed, self.number)]
        self._took_s = sum(self.residents.get(name).load_s for name in order)
        self.number += 1

    def load_again_before(self, pair: int) -> None:
        """Load both systems again before a pair if that is due; with ``reloads: auto``, only if loading is cheap."""
        if self._stay or pair not in self.points:
            return
        if self.gate.policy.reloads == "auto":
            ran_s = now_s() - self._began_s
            took = f"loading both took {self._took_s:.1f} s, and the gate has run for {ran_s:.0f} s"
            if self._took_s > max(CHEAP_S, CHEAP_SHARE * ran_s):
                self._stay = True
                self.progress.note(f"both systems stay loaded: {took} (reloads: auto)")
                return
            self.progress.note(f"both systems are loaded again: {took} (reloads: auto)")
        self.load()
