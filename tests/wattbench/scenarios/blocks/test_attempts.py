"""Which block is asked again, and what the end of a run says of it."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.rows import WINDOW
from wattbench.measure.effort import AGAIN
from wattbench.meters import INTERRUPTED
from wattbench.meters.contention.limits import Signal
from wattbench.records import BlockRow, WindowRow, attempts_by_block
from wattbench.records.rows.windows import signal_in_words
from wattbench.scenarios.blocks.attempts import (
    MOST_RETRIES,
    attempt_after,
    lost_joules,
    next_attempt,
    repetitions_in_words,
)


def attempt(number: int, attempt: int, *signals: str, interrupted: bool = False) -> BlockRow:
    return BlockRow(
        number=number, attempt=attempt, order=["a"], doc_ids={}, windows={},
        contended={"a": list(signals)} if signals else {}, interrupted=["a"] if interrupted else [],
    )  # fmt: skip


CLEAN = attempt(0, 0)
KILLED = [attempt(0, each, interrupted=True) for each in range(3)]
BUSY = [attempt(0, each, "steal") for each in range(4)]


@pytest.mark.parametrize(
    ("rows", "busy", "expected"),
    [
        ([], "retry", 0),
        ([], "mark", 0),
        ([CLEAN], "retry", None),
        ([CLEAN], "refuse", None),
        (BUSY[:1], "retry", 1),
        (BUSY[:2], "retry", 2),
        (BUSY[:3], "retry", None),  # asked again twice
        ([*BUSY[:1], attempt(0, 1)], "retry", None),
        ([attempt(0, 0, "later_passes")], "retry", 1),
        ([attempt(0, each, "later_passes") for each in range(2)], "retry", None),  # the system itself may cause it
        ([attempt(0, each, "later_passes", "steal") for each in range(2)], "retry", 2),
        (BUSY[:1], "mark", None),
        (BUSY[:1], "refuse", 1),  # the run ended there, and was resumed
        (BUSY[:4], "refuse", 4),
        (KILLED[:1], "retry", 1),
        (KILLED[:1], "refuse", 1),
        (KILLED[:1], "mark", None),
        (KILLED[:3], "retry", None),
        (KILLED[:3], "refuse", None),  # each attempt was killed: such a run has to end
        ([*KILLED[:1], attempt(0, 1, "later_passes", interrupted=True)], "retry", 2),
    ],
)
def test_a_disturbed_block_is_asked_again_at_most_twice(rows, busy, expected) -> None:
    assert next_attempt(rows, busy) == expected


@pytest.mark.parametrize(
    ("rows", "busy", "expected"),
    [
        (BUSY[:1], "retry", None),
        (KILLED[:1], "retry", 1),  # joules that an interruption lost are measured again
        (BUSY[:1], "refuse", 1),
        ([], "retry", 0),
    ],
)
def test_where_other_work_spoils_no_joules_a_block_is_asked_again_only_for_other_reasons(rows, busy, expected) -> None:
    assert next_attempt(rows, busy, because_of_work=False) == expected
    given = {"blocks": 5, "busy": busy, "asks_again": False}
    assert attempt_after(rows, 0, dict, **given) == expected


@dataclass
class MadeUpRun:
    """A run whose attempts are disturbed and last as a test says, asked in the order of a real one."""

    first_s: list[float]
    """What each block takes, however often it is asked."""
    disturbed: Mapping[tuple[int, int], bool]
    asks_again: bool = True
    rows: list[BlockRow] = field(default_factory=list)
    planned_s: float = 0.0
    """The most that all blocks seemed to take, at any time."""

    def next(self, block: int) -> int | None:
        took_s = {(row.number, row.attempt): self.first_s[row.number] for row in self.rows}
        return attempt_after(
            self.rows, block, lambda: took_s, blocks=len(self.first_s), busy="retry", asks_again=self.asks_again
        )

    def go_on(self, attempts: int = 10**6) -> Self:
        """Ask what is left, as after an interruption; at most so many attempts."""
        for block in [number for number in range(len(self.first_s)) if self.next(number) is not None]:
            while len(self.rows) < attempts and (number := self.next(block)) is not None:
                signals = ["steal"] if self.disturbed.get((block, number), False) else []
                self.rows.append(attempt(block, number, *signals))
                asked_s = [self.first_s[row.number] for row in self.rows if row.attempt == 0]
                self.planned_s = max(self.planned_s, statistics.mean(asked_s) * len(self.first_s))
        return self

    @property
    def again_s(self) -> float:
        return sum(self.first_s[row.number] for row in self.rows if row.attempt)


SECONDS = st.floats(0.5, 20.0)
DISTURBED = st.dictionaries(st.tuples(st.integers(0, 31), st.integers(0, 2)), st.booleans(), max_size=96)
RUNS = st.builds(MadeUpRun, st.lists(SECONDS, min_size=1, max_size=32), DISTURBED, st.booleans())


@given(RUNS)
def test_blocks_that_are_asked_again_take_at_most_half_as_long_again(run: MadeUpRun) -> None:
    run.go_on()
    assert {row.number for row in run.rows} == set(range(len(run.first_s)))
    assert run.again_s <= AGAIN * run.planned_s * (1.0 + 1e-9)
    assert run.asks_again or not run.again_s


@given(RUNS)
def test_after_two_attempts_in_succession_that_changed_nothing_none_is_asked_again(run: MadeUpRun) -> None:
    again = [row for row in run.go_on().rows if row.attempt]
    still = [bool(row.contended) for row in again]
    assert not any(both == (True, True) for both in itertools.pairwise(still[:-1]))
    for number, rows in enumerate(attempts_by_block(run.rows)):
        assert [row.attempt for row in rows] == list(range(len(rows)))
        assert len(rows) <= 1 + MOST_RETRIES, number
        assert all(row.contended for row in rows[:-1])  # what was not disturbed is complete


@given(RUNS, st.lists(st.integers(0, 100), max_size=5))
def test_a_run_that_is_resumed_decides_as_one_that_was_not_interrupted(run: MadeUpRun, kills: list[int]) -> None:
    resumed = replace(run, rows=[])
    for attempts in sorted(kills):
        resumed.go_on(attempts)
    assert resumed.go_on().rows == run.go_on().rows
    assert resumed.go_on().rows == run.rows  # and a finished one asks nothing


def test_what_is_asked_again_is_cut_off_by_time_and_by_other_work_that_goes_on() -> None:
    def attempts(run: MadeUpRun) -> list[int]:
        return [len(rows) for rows in attempts_by_block(run.go_on().rows)]

    always = dict.fromkeys(itertools.product(range(10), range(3)), True)
    assert attempts(MadeUpRun([1.0] * 10, always)) == [3, *[1] * 9]
    each_once = dict.fromkeys(((number, 0) for number in range(10)), True)
    assert attempts(MadeUpRun([1.0] * 10, each_once)) == [2] * 5 + [1] * 5
    assert attempts(MadeUpRun([1.0] * 10, each_once, asks_again=False)) == [1] * 10
    one_in_two = {(number, 0): number % 2 == 0 for number in range(10)}
    assert attempts(MadeUpRun([1.0] * 10, one_in_two)) == [2, 1] * 5
    assert attempts(MadeUpRun([6.0, 1.0, 1.0], {(0, 0): True, (1, 0): True})) == [2, 1, 1]
    assert attempts(MadeUpRun([1.0], {(0, 0): True})) == [1]  # it would be twice as long


def test_the_end_says_how_many_were_asked_again_and_why() -> None:
    assert repetitions_in_words([CLEAN, attempt(1, 0)], 2) == []
    once = [attempt(1, 0, "steal", "foreign_cpu"), attempt(1, 1)]
    assert repetitions_in_words([CLEAN, *once], 2) == [
        "asked again because of other work on this machine (CPU time of other processes, "
        "CPU time taken by the hypervisor): 1 of 2 blocks, 1 time in all"
    ]
    [again] = repetitions_in_words([CLEAN, *once, *(attempt(2, each, "canary") for each in range(3))], 3)
    assert again == (
        "asked again because of other work on this machine (CPU time of other processes, CPU time taken by the "
        "hypervisor, a slower processor around the window): 2 of 3 blocks, 3 times in all"
    )


def test_the_end_says_each_reason_apart() -> None:
    rows = [
        KILLED[0],
        attempt(0, 1),
        attempt(1, 0, "steal", interrupted=True),
        attempt(1, 1),
        attempt(2, 0),
        attempt(2, 1),
    ]
    times = "1 of 3 blocks, 1 time in all"
    assert repetitions_in_words(rows, 3) == [
        f"asked again because of other work on this machine (CPU time taken by the hypervisor): {times}",
        f"asked again because the run was interrupted meanwhile, and joules would not be valid: {times}",
        f"asked again because requests of them had failed: {times}",
    ]


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_words_for_people(signal: Signal) -> None:
    assert signal_in_words(signal.value) != signal.value


def window(system: str, *reasons: str, valid: bool = False) -> WindowRow:
    return replace(WINDOW, system=system, valid=valid, reasons=list(reasons))


def test_an_interruption_loses_only_joules_that_are_measured() -> None:
    windows = [window("local", INTERRUPTED), window("service", INTERRUPTED), window("busy", "a gap")]
    assert lost_joules(windows, ["local", "busy"]) == ["local"]
    assert lost_joules([window("gpu", INTERRUPTED, valid=True)], ["gpu"]) == []
