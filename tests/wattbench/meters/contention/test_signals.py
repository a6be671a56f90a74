"""Each signal of a window, from two looks at a made-up machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.meters.contention.proc_files import GroupTimes, ProcessorTimes, ProcessTimes, ThreadTimes
from wattbench.meters.contention.signals import Contention, Snapshot, between, hindered_s, later_passes

CPUS = 2
SECONDS = 10.0


def snapshot(
    at_s: float = 0.0, *, busy_s: float = 0.0, own_s: float = 0.0, ran_s: float | None = None, wait_s: float = 0.0,
    steal_s: float | None = 0.0, groups: GroupTimes | None = None,
) -> Snapshot:  # fmt: skip
    process = ProcessTimes(1, "own", 0, 100.0 + own_s, 0.0, 5)
    return Snapshot(
        at_s=at_s,
        cpus=CPUS,
        processors=ProcessorTimes(1000.0 + busy_s, 0.0, steal_s or 0.0),
        steal_s=steal_s,
        processes={process.key: process},
        threads={(1, 5, 1): ThreadTimes(100.0 + (own_s if ran_s is None else ran_s), 7.0 + wait_s)},
        groups=groups,
    )


def signals(before: Snapshot | None = None, **after: float | GroupTimes | None) -> dict[str, float]:
    return dict(between(before or snapshot(), snapshot(SECONDS, **after)).signals)  # type: ignore[arg-type]


def test_own_work_is_no_contention() -> None:
    seen = between(snapshot(), snapshot(SECONDS, busy_s=20.0, own_s=20.0, wait_s=0.0))
    assert seen.own_cpu_s == pytest.approx(20.0)
    assert set(seen.signals.values()) == {0.0}


def test_of_a_time_of_a_few_ticks_only_own_seconds_are_known() -> None:
    seen = between(snapshot(), snapshot(0.01, busy_s=0.02, own_s=0.01))
    assert seen == Contention(own_cpu_s=pytest.approx(0.01))


def test_other_processes_use_a_share_of_what_there_is() -> None:
    assert signals(busy_s=13.0, own_s=10.0)["foreign_cpu"] == pytest.approx(0.15)
    assert signals(busy_s=9.0, own_s=10.0)["foreign_cpu"] == 0.0  # ticks are coarser than nanoseconds


def test_wait_is_a_share_of_the_time_that_was_wanted() -> None:
    assert signals(busy_s=20.0, own_s=15.0, wait_s=5.0)["run_queue_wait"] == pytest.approx(0.25)
    assert signals(busy_s=10.5, own_s=0.5, wait_s=0.5)["run_queue_wait"] == pytest.approx(0.05)  # of 10 s


def test_threads_that_wait_for_each_other_are_the_systems_own_doing() -> None:
    alone = signals(busy_s=20.0, own_s=20.0, wait_s=60.0)
    assert alone["run_queue_wait"] == 0.0
    # Four own threads per processor: a second of foreign work makes each of them wait for at most a second.
    assert signals(busy_s=21.0, own_s=20.0, wait_s=60.0)["run_queue_wait"] == pytest.approx(4.0 / 24.0)


def test_where_the_machine_is_hidden_wait_counts_if_each_thread_could_have_had_a_processor() -> None:
    def hidden(**times: float) -> dict[str, float]:
        before, after = snapshot(), snapshot(SECONDS, **times)  # type: ignore[arg-type]
        return dict(between(replace(before, processors=None), replace(after, processors=None)).signals)

    assert hidden(own_s=8.0, wait_s=2.0)["run_queue_wait"] == pytest.approx(0.2)
    assert "run_queue_wait" not in hidden(own_s=20.0, wait_s=20.0)
    assert "foreign_cpu" not in hidden(own_s=8.0)


def test_what_is_left_without_the_waiting_is_what_the_work_takes_on_a_machine_of_its_own() -> None:
    def rest_s(before: Snapshot, after: Snapshot) -> float:
        return after.at_s - before.at_s - hindered_s(before, after)

    # One thread that computes, next to as much other work on each processor: half of the time, and twice as long.
    assert rest_s(snapshot(), snapshot(20.0, busy_s=40.0, own_s=10.0, wait_s=10.0)) == pytest.approx(10.0)
    # One that rests most of the time lost only what it waited.
    assert rest_s(snapshot(), snapshot(10.0, busy_s=20.0, own_s=0.5, wait_s=0.5)) == pytest.approx(9.5)
    assert rest_s(snapshot(), snapshot(10.0, busy_s=20.0, own_s=20.0, wait_s=60.0)) == 10.0  # for each other


def test_no_time_is_hindered_where_the_kernel_hides_processes_or_none_passed() -> None:
    late = snapshot(SECONDS, busy_s=20.0, own_s=10.0, wait_s=10.0)
    assert hindered_s(snapshot(), late) > 0.0
    assert hindered_s(late, late) == hindered_s(late, snapshot()) == 0.0
    assert hindered_s(replace(snapshot(), processes={}, threads={}), late) == 0.0
    assert hindered_s(snapshot(), replace(late, processes={}, threads={})) == 0.0
    assert hindered_s(snapshot(), replace(late, threads={})) == 0.0


def test_steal_and_throttling_are_shares_of_the_time_that_was_wanted() -> None:
    assert signals(busy_s=9.0, own_s=9.0, steal_s=1.0)["steal"] == pytest.approx(0.1)
    assert "steal" not in signals(snapshot(steal_s=None), steal_s=None)
    stopped = signals(snapshot(groups=GroupTimes(3.0)), own_s=5.0, groups=GroupTimes(8.0))
    assert stopped["throttled"] == pytest.approx(0.5)
    assert "throttled" not in signals()


def test_the_other_members_of_a_limited_group_share_its_limit() -> None:
    before = snapshot(groups=GroupTimes(0.0, 50.0, 0.5))
    shared = signals(before, busy_s=6.0, own_s=4.0, groups=GroupTimes(0.0, 56.0, 0.5))
    assert shared["foreign_cpu"] == pytest.approx(2.0 / 5.0)  # more than 2 s of 20
    outside = signals(before, busy_s=9.0, own_s=4.0, groups=GroupTimes(0.0, 54.0, 0.5))
    assert outside["foreign_cpu"] == pytest.approx(5.0 / 20.0)


def test_what_the_kernel_hides_is_absent() -> None:
    nothing = replace(snapshot(), processes={}, threads={}, processors=None, steal_s=None)
    assert between(nothing, replace(nothing, at_s=SECONDS)) == Contention()
    unthreaded = replace(snapshot(SECONDS, busy_s=5.0), threads={})
    assert set(between(snapshot(), unthreaded).signals) == {"foreign_cpu", "steal"}


COUNTS = st.floats(0.0, 1e9)


@given(COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_counters_give_a_negative_share(
    busy_s: float, own_s: float, ran_s: float, wait_s: float, steal_s: float, throttled_s: float
) -> None:
    first = snapshot(busy_s=busy_s, own_s=own_s, ran_s=ran_s, wait_s=wait_s, steal_s=steal_s)
    for before, after in ((snapshot(), first), (first, snapshot())):
        groups = GroupTimes(throttled_s, throttled_s, 0.5)
        seen = between(replace(before, at_s=0.0), replace(after, at_s=SECONDS, groups=groups))
        assert min(seen.signals.values()) >= 0.0
        assert max(seen.signals.values()) <= 1.0
        assert 0.0 <= hindered_s(replace(before, at_s=0.0), replace(after, at_s=SECONDS, groups=groups)) <= SECONDS


@pytest.mark.parametrize(
    ("pass_s", "expected"),
    [
        ((), None),
        ((3.0,), None),
        ((3.0, 0.0), None),
        ((2.0, 2.0), 0.0),
        ((2.0, 3.0), 0.5),
        ((3.0, 2.0), 0.5),
        ((2.0, 2.0, 9.0, 2.0), 0.0),  # one that was held up
    ],
)
def test_later_passes_against_the_first(pass_s: tuple[float, ...], expected: float | None) -> None:
    assert later_passes(pass_s) == (None if expected is None else pytest.approx(expected))


def test_cpu_seconds_of_other_slots_are_not_foreign() -> None:
    before, after = snapshot(), snapshot(SECONDS, busy_s=16.0, own_s=5.0, wait_s=4.0)
    assert between(before, after).signals["foreign_cpu"] == pytest.approx(0.55)
    seen = between(before, after, 11.0).signals
    assert seen["foreign_cpu"] == 0.0
    assert seen["run_queue_wait"] == 0.0  # other slots are why, which is said apart
    assert between(before, after, 8.0).signals["foreign_cpu"] == pytest.approx(0.15)


def test_other_slots_in_the_same_control_group_are_not_foreign_there() -> None:
    before = snapshot(groups=GroupTimes(0.0, 0.0, 2.0))
    after = snapshot(SECONDS, busy_s=10.0, own_s=2.0, groups=GroupTimes(0.0, 10.0, 2.0))
    assert between(before, after).signals["foreign_cpu"] == pytest.approx(0.4)
    assert between(before, after, 8.0).signals["foreign_cpu"] == 0.0
