"""Which processes are a system's own, and what they used, those that ended included."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.proc import FakeProc
from wattbench.meters.contention.own_processes import OwnProcesses, cpu_s, waited_s
from wattbench.meters.contention.proc_files import ProcessTimes, ThreadTimes


def tree(fake_proc: FakeProc, *, lists_children: bool) -> OwnProcesses:
    """10 started the server 11, which started the worker 12; 20 is another's, 21 its child."""
    fake_proc.process(10, children=(11,), cpu_s=5.0, lists_children=lists_children)
    fake_proc.process(11, children=(12,), parent=10, cpu_s=3.0, lists_children=lists_children)
    fake_proc.process(12, parent=11, cpu_s=1.0, lists_children=lists_children)
    fake_proc.process(20, children=(21,), cpu_s=50.0, lists_children=lists_children)
    fake_proc.process(21, parent=20, cpu_s=50.0, lists_children=lists_children)
    return OwnProcesses(fake_proc.root, pid=10)


@pytest.mark.parametrize("lists_children", [True, False])
def test_the_tree_holds_servers_and_their_workers(fake_proc: FakeProc, lists_children: bool) -> None:
    own = tree(fake_proc, lists_children=lists_children)
    assert {pid for pid, _ in own.processes()} == {10, 11, 12}
    assert {tid for _, _, tid in own.threads(own.processes())} == {10, 11, 12}


def test_a_server_that_detached_itself_stays_own(fake_proc: FakeProc) -> None:
    own = tree(fake_proc, lists_children=True)
    before = own.processes()
    fake_proc.ends(11)
    fake_proc.process(10, cpu_s=5.0, reaped_s=3.0)
    fake_proc.process(12, parent=1, cpu_s=2.5)
    after = own.processes()
    assert {pid for pid, _ in after} == {10, 12}
    assert cpu_s(before, after) == pytest.approx(1.5)


def test_a_number_that_was_given_again_is_another_process(fake_proc: FakeProc) -> None:
    own = tree(fake_proc, lists_children=True)
    before = own.processes()
    fake_proc.ends(12)
    fake_proc.process(11, parent=10, cpu_s=3.0, reaped_s=1.2)
    fake_proc.process(12, parent=1, cpu_s=70.0, started=999)
    after = own.processes()
    assert {pid for pid, _ in after} == {10, 11}
    assert cpu_s(before, after) == pytest.approx(0.2)


def test_hidden_processes_are_none(fake_proc: FakeProc) -> None:
    assert OwnProcesses(fake_proc.root, pid=10).processes() == {}
    assert OwnProcesses(fake_proc.root / "nowhere", pid=10).processes() == {}


def times(pid: int, parent: int = 1, cpu: float = 0.0, reaped: float = 0.0, started: int = 0) -> ProcessTimes:
    return ProcessTimes(pid, "x", parent, cpu, reaped, started)


def of(*processes: ProcessTimes) -> dict[tuple[int, int], ProcessTimes]:
    return {process.key: process for process in processes}


def test_what_an_ended_child_used_moves_to_its_parent() -> None:
    before = of(times(1, cpu=10.0), times(2, parent=1, cpu=4.0), times(3, parent=2, cpu=2.0))
    after = of(times(1, cpu=11.0, reaped=4.0 + 1.0 + 2.0 + 0.5))  # 3 ended in 2, and 2 in 1
    assert cpu_s(before, after) == pytest.approx(1.0 + 1.0 + 0.5)


def test_a_child_that_came_and_went_in_between_counts() -> None:
    assert cpu_s(of(times(1)), of(times(1, reaped=0.7))) == pytest.approx(0.7)


def test_an_ended_process_for_which_none_waited_makes_nothing_negative() -> None:
    before = of(times(1, cpu=10.0), times(2, parent=1, cpu=400.0))
    assert cpu_s(before, of(times(1, cpu=12.0))) == pytest.approx(2.0)


PROCESSES = st.lists(
    st.builds(
        times,
        st.integers(1, 6),
        st.integers(0, 6),
        st.floats(0, 1e9),
        st.floats(0, 1e9),
        st.integers(0, 2),
    ),
    max_size=8,
).map(lambda processes: of(*processes))


@given(PROCESSES, PROCESSES)
def test_no_two_looks_give_negative_seconds(before: dict, after: dict) -> None:
    assert cpu_s(before, after) >= 0.0
    assert cpu_s(before, before) == 0.0


THREADS = st.dictionaries(
    st.tuples(st.just(1), st.just(1), st.integers(1, 4)),
    st.builds(ThreadTimes, st.floats(0, 1e9), st.floats(0, 1e9)),
)


@given(THREADS, THREADS)
def test_threads_that_ended_make_nothing_negative(before: dict, after: dict) -> None:
    wait_s, ran_s = waited_s(before, after)
    assert wait_s >= 0.0
    assert ran_s >= 0.0
    assert waited_s(before, before) == (0.0, 0.0)


def test_new_threads_count_from_their_start() -> None:
    before = {(1, 1, 1): ThreadTimes(5.0, 1.0), (1, 1, 2): ThreadTimes(9.0, 9.0)}
    after = {(1, 1, 1): ThreadTimes(6.0, 1.5), (1, 1, 3): ThreadTimes(0.25, 0.125)}
    assert waited_s(before, after) == (0.625, 1.25)
