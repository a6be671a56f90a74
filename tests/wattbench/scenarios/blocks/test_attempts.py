"""Which block is asked again, and what the end of a run says of it."""

from __future__ import annotations

import pytest

from wattbench.meters import INTERRUPTED
from wattbench.meters.contention.limits import Signal
from wattbench.records import BlockRow, WindowRow
from wattbench.records.contention_words import signal_in_words
from wattbench.scenarios.blocks.attempts import lost_joules, next_attempt, repetitions_in_words


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


def test_the_end_says_how_many_were_asked_again_and_why() -> None:
    assert repetitions_in_words([CLEAN, attempt(1, 0)], 2) == []
    once = [attempt(1, 0, "steal", "foreign_cpu"), attempt(1, 1)]
    assert repetitions_in_words([CLEAN, *once], 2) == [
        "asked again because of other work on this machine (CPU time of other processes, "
        "CPU time taken by the hypervisor): 1 of 2 blocks, 1 time in all"
    ]
    again, marked = repetitions_in_words([CLEAN, *once, *(attempt(2, each, "canary") for each in range(3))], 3)
    assert again == (
        "asked again because of other work on this machine (CPU time of other processes, CPU time taken by the "
        "hypervisor, a slower processor around the window): 2 of 3 blocks, 3 times in all"
    )
    assert marked.startswith("disturbed by other work to the end (a slower processor around the window): 1 of 3 blocks")


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
    return WindowRow(
        window="w1", run="r", system=system, task=None, purpose="measured", started_s=0.0, finished_s=1.0, energy_j={},
        provenance={}, check_energy_j={}, idle_w={}, samples=0, largest_gap_s=None, passes=1, valid=valid,
        reasons=list(reasons),
    )  # fmt: skip


def test_an_interruption_loses_only_joules_that_are_measured() -> None:
    windows = [window("local", INTERRUPTED), window("service", INTERRUPTED), window("busy", "a gap")]
    assert lost_joules(windows, ["local", "busy"]) == ["local"]
    assert lost_joules([window("gpu", INTERRUPTED, valid=True)], ["gpu"]) == []
