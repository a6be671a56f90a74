"""Read the run of a gate as evidence: two systems that one process asked in turns.

It is read after every round while it runs, so from its lines alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wattbench.errors import UserError
from wattbench.records import BASELINE, CANDIDATE, SIDES, Purpose, RoundRow, RunRecords, WindowRow
from wattbench.records.verified_files import check_unchanged
from wattbench_reports.formatting.units import listed
from wattbench_reports.gate.evidence.missing import (
    NOT_READ,
    failed_requests,
    of_judged,
    peaks,
    with_idle,
    without_answers,
    without_first_tokens,
    without_joules,
    without_long_rounds,
    without_scores,
)
from wattbench_reports.gate.evidence.model import Evidence, Pairs, Round, SuiteTask
from wattbench_reports.gate.evidence.money import (
    NO_PRICE,
    MoneyOfGate,
    RoundBill,
    SideMoney,
    Tariffs,
    money_of_gate,
    of_machine,
    round_bills,
)
from wattbench_reports.gate.evidence.recorded_rounds import Item, SideAnswers, answers_of_side, reading
from wattbench_reports.gate.evidence.same_work import other_documents, other_machines, other_prompts
from wattbench_reports.gate.policy import Policy
from wattbench_reports.metrics.registry import FURTHER_COLUMNS, PEAK_MEMORY, computed_from
from wattbench_reports.metrics.validity import Validity, cause_of
from wattbench_reports.tables import provenance
from wattbench_reports.tables.header_record import HeaderRecord, header_record

_TOGETHER = "two systems in one process share one peak: name peak_memory in the policy, and each is measured alone"


def evidence_in_turns(run: RunRecords, policy: Policy) -> Evidence:
    """Read the evidence of a gate's run, finished or not.

    Only rounds count that have their line in `rounds.jsonl`: what was asked in a round that was cut off is left out.

    Args:
        run: from `wattbench.records.read_run`.
        policy: which metrics are judged; of others nothing is said to be missing.

    Raises:
        UserError: it is no gate's run, or its record is damaged.
    """
    if run.finished:
        check_unchanged(run)
    read = _Read.of(run)
    rounds, long_rounds, why = [], [], Counter[str]()
    record = header_record(run)
    paid = _Paid.of(record, read)
    used: dict[str, set[str]] = {side: set() for side in SIDES}
    for position, row in enumerate(read.rows):
        joules, reasons = read.joules(row)
        rounds.append(replace(read.round(row, joules), money=paid.money(position)))
        if row.long:  # of a short one no joules were expected
            long_rounds.append(rounds[-1])
            why.update(reasons)
        if joules is not None:
            for side in SIDES:
                used[side].add(read.window(row, side).provenance_label)
    left = _items_left(read)
    final = run.finished or not left or not read.alike
    if record.gate is None or record.gate.long_rounds:
        bare, notes = without_joules(long_rounds, why, final=final)
    else:
        bare, notes = without_long_rounds(rounds, record.provenances), ()
    silent = [read.names[side] for side in SIDES if read.rows and not read.reports_first_token(side)]
    memory, unknown = _peaks(run, read)
    money = paid.settled(policy)
    unscored = _unscored(record, read)
    missing = bare | without_first_tokens(rounds, silent) | unknown | money.missing
    missing |= without_scores(unscored, read.domains)
    if unscored:  # joules are of whole rounds, with the items that have no scores
        missing |= dict.fromkeys(computed_from("correct"), "; ".join(unscored.values()))
    figures = {side: answers.figures for side, answers in read.sides.items()}
    prompts, asked_differently = other_prompts(record, read.names, figures, may_differ="prompts" in policy.may_differ)
    unlike = money.apart | other_machines(record, read.names) | prompts | other_documents(read.names, figures)
    apart, missing = of_judged(policy, unlike, missing, priced=money.priced)
    return Evidence(
        baseline=read.names[BASELINE],
        candidate=read.names[CANDIDATE],
        rounds=tuple(rounds),
        in_turns=True,
        provenance=(provenance.joined(used[BASELINE]), provenance.joined(used[CANDIDATE])),
        validity="; ".join(filter(None, (_marks(read, side) for side in SIDES))),
        priced=money.priced,
        currency=money.currency,
        money_of_machine=money.of_machine,
        peak_memory_bytes=memory,
        apart=apart,
        missing=missing,
        suite_domains=tuple(dict.fromkeys(read.domains.values())),
        suite_tasks={
            task: SuiteTask(count, read.domains[task], scored=task not in unscored)
            for task, count in _planned(run).items()
        },
        items_left=left,
        energy_j=_counted_j(read),
        notes=(
            *_on_base(run),
            *_of_scored(unscored, read),
            *notes,
            *asked_differently,
            *failed_requests(read.failed()),
            *without_answers({read.names[side]: each.no_answers for side, each in read.sides.items()}),
            *with_idle([read.names[side] for side, each in read.sides.items() if each.are_attempts]),
        ),
    )


def _marks(read: _Read, side: str) -> str:
    """Count the invalid and the contended windows of a side's long rounds; of short rounds no joules are expected."""
    windows = [read.window(row, side) for row in read.rows if row.long]
    metered = header_record(read.run).suite.measure.energy
    invalid = sum(not each.valid for each in windows if metered)
    contended = sum(each.contended for each in windows)
    marks = Validity(read.names[side], len(windows), invalid, (), contended).marks
    return f"{read.names[side]}: {marks}" if marks else ""


def _unscored(record: HeaderRecord, read: _Read) -> dict[str, str]:
    """Return the tasks without scores, each with the reason: no judge is asked in rounds.

    Raises:
        UserError: another task lacks scores.
    """
    judges = {task: judge for task, judge in record.suite.judge_of.items() if task in read.domains}
    without = {
        task for side in read.sides.values() for (task, _), item in side.figures.items() if math.isnan(item.correct)
    }
    if damaged := sorted(without - judges.keys()):
        raise UserError(f"{read.run.layout.rounds}: the rounds have no scores of {damaged[0]}; the record is damaged")
    return {
        task: f"a judge ({judge}) scores {task}, and no judge is asked in rounds; run both systems, label answers of "
        "the runs (wattbench label RUN), and gate the two runs"
        for task, judge in judges.items()
    }


def _of_scored(unscored: Mapping[str, str], read: _Read) -> tuple[str, ...]:
    """Say over which tasks accuracy is, where some of them have no scores."""
    scored = [task for task in read.domains if task not in unscored]
    if not unscored or not scored:
        return ()
    return (f"Accuracy is that of {listed(scored)} alone: {'; '.join(unscored.values())}.",)


def _on_base(run: RunRecords) -> tuple[str, ...]:
    """Return the notes on what differs between the sides of a gate against a base; nothing for any other gate."""
    gate = header_record(run).gate
    return () if gate is None or gate.base is None else gate.base.notes


@dataclass(frozen=True)
class _Paid:
    """The money of each side's answers, round by round."""

    names: Mapping[str, str]
    """Side to what its system is called in the record."""
    tariffs: Mapping[str, Tariffs]
    """By side. So the next."""
    bills: Mapping[str, Sequence[RoundBill | str]]
    """Of every round that is read; or why its money is not known."""

    @classmethod
    def of(cls, record: HeaderRecord, read: _Read) -> _Paid:
        sides = {} if record.gate is None else record.gate.sides
        tariffs = {side: Tariffs.of(record, sides[side].system) for side in SIDES}
        return cls(read.names, tariffs, {side: _bills(read, side, tariffs[side]) for side in SIDES})

    def money(self, position: int) -> tuple[float, float] | None:
        """Return the money of both sides in one of the rounds that are read; None where that of one is not known."""
        ours, theirs = (self.bills[side][position] for side in SIDES)
        return None if isinstance(ours, str) or isinstance(theirs, str) else (ours.total, theirs.total)

    def settled(self, policy: Policy) -> MoneyOfGate:
        """Return whether the money of the two sides may be judged."""
        sides = {}
        for side in SIDES:
            known = [bill for bill in self.bills[side] if not isinstance(bill, str)]
            unknown = [bill for bill in self.bills[side] if isinstance(bill, str)]
            why = self.tariffs[side].why_none or ("" if known or not unknown else unknown[0])
            sides[self.names[side]] = SideMoney(self.tariffs[side].currency, why, of_machine(known))
        return money_of_gate(policy, sides)


def _bills(read: _Read, side: str, tariffs: Tariffs) -> list[RoundBill | str]:
    """Bill every round of one side."""
    if tariffs.currency is None or tariffs.why_none:
        return [tariffs.why_none or NO_PRICE] * len(read.rows)
    figures = read.sides[side].figures
    usage = [
        {**each, "round": number, "share": 1 / figures[item].times}
        for number, row in enumerate(read.rows)
        for item in row.items
        for each in figures[item].usage
    ]
    windows = [(row, read.window(row, side)) for row in read.rows]
    with reading(read.run.layout.windows, "a window of a round"):
        windows_s = [read.once(row, side) * window.duration_s / window.passes for row, window in windows]
        return round_bills(tariffs, usage, windows_s, [read.side_joules(row, side) for row in read.rows])


@dataclass(frozen=True)
class _Read:
    """The records of a gate's run, as read."""

    run: RunRecords
    names: Mapping[str, str]
    """Side to what its system is called in the record."""
    domains: Mapping[str, str]
    """Task to its domain, or to itself where it has none."""
    rows: Sequence[RoundRow]
    """With the items that both sides answered; a round without any is not among them."""
    windows: Mapping[str, WindowRow]
    sides: Mapping[str, SideAnswers]
    """By side."""

    @classmethod
    def of(cls, run: RunRecords) -> _Read:
        names = _names(run)
        rows = run.rounds()
        sides = _of_both({side: answers_of_side(run, rows, side, name, _planned(run)) for side, name in names.items()})
        answered = sides[BASELINE].figures
        left = [replace(row, items=[item for item in row.items if item in answered]) for row in rows]
        return cls(
            run,
            names,
            {cell.task: cell.domain or cell.task for cell in header_record(run).cells},
            [row for row in left if row.items],
            {row.window: row for row in run.windows()},
            sides,
        )

    def round(self, row: RoundRow, joules: tuple[float, float] | None) -> Round:
        """Return a recorded round as evidence."""
        first_s = self._pairs(row.items, "ttft_s")
        return Round(
            correct=self._pairs(row.items, "correct"),
            seconds=self._pairs(row.items, "seconds"),
            ttft_s=None if np.isnan(first_s).all(axis=0).any() else first_s,
            energy_j=joules,
            tasks=tuple(task for task, _ in row.items),
            domains=tuple(self.domains[task] for task, _ in row.items),
            pair=row.pair,
            load=row.load,
            further={name: self._sums(row.items, name) for name in FURTHER_COLUMNS},
        )

    def _sums(self, items: Sequence[Item], name: str) -> tuple[float, float]:
        ours, theirs = (math.fsum(self.sides[side].figures[item].further[name] for item in items) for side in SIDES)
        return ours, theirs

    def _pairs(self, items: Sequence[Item], what: str) -> Pairs:
        return np.array([[getattr(self.sides[side].figures[item], what) for side in SIDES] for item in items])

    def failed(self) -> dict[str, tuple[int, int]]:
        """Map each system to the number of its failed requests and to the number of all its requests."""
        figures = {self.names[side]: list(self.sides[side].figures.values()) for side in SIDES}
        return {
            name: (sum(each.failed for each in of_side), sum(each.times for each in of_side))
            for name, of_side in figures.items()
        }

    def reports_first_token(self, side: str) -> bool:
        """Return whether the side's system reports a first token for any answer."""
        return any(not math.isnan(each.ttft_s) for each in self.sides[side].figures.values())

    def window(self, row: RoundRow, side: str) -> WindowRow:
        """Return the window of one side in a round.

        Raises:
            UserError: it is not on record, though the round is.
        """
        window = self.windows.get(row.windows[side])
        if window is None:
            path = self.run.layout.windows
            raise UserError(f"{path}: window {row.windows[side]} of a round is missing; the record is damaged")
        return window

    def joules(self, row: RoundRow) -> tuple[tuple[float, float] | None, set[str]]:
        """Return the joules of a round's items for both sides, each item once; or None, with the reasons.

        Raises:
            UserError: a window is damaged.
        """
        reasons: set[str] = set()
        ways: dict[str, str] = {}
        joules: dict[str, float] = {}
        with reading(self.run.layout.windows, f"a window of round {row.number}"):
            for side in SIDES:
                window = self.window(row, side)
                counted_j = self.side_joules(row, side)
                if not window.valid:
                    reasons.add(cause_of(window.reasons))
                elif counted_j is None:
                    reasons.add(NOT_READ)
                else:
                    joules[side] = counted_j
                    ways[side] = _way(window)
        if not reasons and ways[BASELINE] != ways[CANDIDATE]:
            reasons.add("; ".join(f"{self.names[side]} was read by {ways[side]}" for side in SIDES))
        if not reasons and not all(joules.values()):
            reasons.add("a window counted no joules")
        return (None if reasons else (joules[BASELINE], joules[CANDIDATE])), reasons

    def side_joules(self, row: RoundRow, side: str) -> float | None:
        """Return the joules of a round's items, each once, of one side; None where its window has none or is invalid.

        Raises:
            ValueError: a window is damaged.
        """
        window = self.window(row, side)
        counted_j = window.total_j
        if not window.valid or counted_j is None:
            return None
        return self.once(row, side) * _checked_j(counted_j) / window.passes

    def once(self, row: RoundRow, side: str) -> float:
        """Return the share of a pass that asks every item once: less than 1 where the suite repeats items."""
        return len(row.items) / sum(self.sides[side].figures[item].times for item in row.items)

    @property
    def alike(self) -> bool:
        """Return whether some windows of both systems were read in the same way."""
        ways = [{_way(self.window(row, side)) for row in self.rows if row.long} - {""} for side in SIDES]
        return not ways[0].isdisjoint(ways[1])


def _of_both(sides: Mapping[str, SideAnswers]) -> dict[str, SideAnswers]:
    """Leave out items of which a side has no answer, as the harness of its agent failed."""
    both = sides[BASELINE].figures.keys() & sides[CANDIDATE].figures.keys()
    return {
        side: replace(each, figures={item: figures for item, figures in each.figures.items() if item in both})
        for side, each in sides.items()
    }


def _way(window: WindowRow) -> str:
    """Write the provenance of a window's joules: ``cpu rapl and gpu0 counter``; empty without joules."""
    return listed([f"{part} {window.provenance[part]}" for part in sorted(window.energy_j)])


def _checked_j(joules: float) -> float:
    if not (math.isfinite(joules) and joules >= 0):
        raise ValueError(f"{joules} joules")
    return joules


def _names(run: RunRecords) -> dict[str, str]:
    """Return the recorded name of each side's system.

    Raises:
        UserError: the run is no gate's, or does not say who took part.
    """
    gate = header_record(run).gate
    if gate is None:
        raise UserError(f"{run.layout.root}: this is not the run of a gate that asked two systems in turns")
    names = {side: gate.sides[side].name for side in SIDES}
    if names[BASELINE] == names[CANDIDATE]:
        raise UserError(f"{run.layout.header}: both systems are called {names[BASELINE]!r}; the record is damaged")
    return names


def _planned(run: RunRecords) -> dict[str, int]:
    """Return the number of items of each task, which is the same for both systems."""
    planned = {}
    for cell in header_record(run).cells:
        if cell.items is None:
            raise UserError(
                f"{run.layout.header}: the number of items of {cell.task} is missing; the record is damaged"
            )
        planned[cell.task] = cell.items
    return planned


def _items_left(read: _Read) -> int:
    """Count the items that neither system answered.

    Where a round was cut off in the middle, those of it that nobody had answered yet are among them, though a gate that
    goes on leaves out the whole round: only its plan knows which they are.
    """
    answered = read.sides[BASELINE].items | read.sides[CANDIDATE].items
    return max(0, sum(_planned(read.run).values()) - len(answered))


def _counted_j(read: _Read) -> float | None:
    """Sum the joules of all measured windows of both systems, valid or not; None where no joules were read."""
    names = set(read.names.values())
    with reading(read.run.layout.windows, "the joules of a window"):
        known = [
            joules
            for window in read.windows.values()
            if window.purpose == Purpose.MEASURED and window.system in names and (joules := window.total_j) is not None
        ]
    return math.fsum(known) if known else None


def _peaks(run: RunRecords, read: _Read) -> tuple[tuple[int | None, int | None], dict[str, str]]:
    """Return the peaks of memory as `missing.peaks` does, for a gate that judges them.

    Only such a gate measured each system alone.
    """
    gate = header_record(run).gate
    if gate is None or PEAK_MEMORY not in gate.policy.metrics:
        return (None, None), {PEAK_MEMORY: _TOGETHER}
    rows = run.systems()
    return peaks({name: rows.get(name) for name in read.names.values()})
