"""A window that is watched, on a made-up machine and with a made-up canary; and a machine that shows everything."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

import pytest

from tests.made_up.proc import FakeProc
from wattbench.meters.contention import signals, watch
from wattbench.meters.contention.limits import LIMITS, Signal
from wattbench.meters.contention.watch import (
    EVERY,
    REMEMBERED,
    Canary,
    CanaryTime,
    MachineReader,
    MachineWatch,
    slowdown,
    survey_signals,
    watch_here,
)

OWN = os.getpid()


class MadeUpCanary:
    """A canary that takes as long as a test says; each time is used once."""

    usual_s = 0.010
    previous = None

    def __init__(self, parts_s: Iterable[float]) -> None:
        self._parts_s = iter(parts_s)

    def recent(self) -> CanaryTime:
        return CanaryTime(0.0, next(self._parts_s), 0.05)


def watching(fake_proc: FakeProc, *parts_s: float) -> MachineWatch:
    canary: Any = MadeUpCanary(parts_s)
    return MachineWatch(fake_proc.reader(), canary=lambda: canary)


def test_a_window_next_to_other_work(fake_proc: FakeProc, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_proc.process(OWN, cpu_s=1.0)
    fake_proc.machine(busy_s=10.0)
    span = watching(fake_proc, 0.013, 0.011).open()
    span.begin()
    fake_proc.process(OWN, cpu_s=2.0)
    fake_proc.machine(busy_s=1000.0)
    monkeypatch.setattr(signals, "SHORTEST_S", 0.0)  # the test does not wait
    span.end()
    seen = span.finish(pass_s=[1.0, 1.5])
    assert set(seen.signals) == set(Signal)
    assert seen.own_cpu_s == pytest.approx(1.0)
    assert seen.signals[Signal.FOREIGN_CPU] == 1.0
    assert seen.signals[Signal.CANARY] == pytest.approx(0.1)
    assert seen.signals[Signal.LATER_PASSES] == pytest.approx(0.5)


def test_a_canary_faster_than_usual_is_no_contention(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN)
    span = watching(fake_proc, 0.008, 0.009).open()
    span.begin()
    span.end()
    assert span.finish().signals[Signal.CANARY] == 0.0


def test_the_canary_rests_inside_a_window(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN)
    watched = watching(fake_proc, 0.015, 0.020)
    outer = watched.open()
    outer.begin()
    inner = watched.open()
    inner.begin()
    inner.end()
    assert Signal.CANARY not in inner.finish().signals
    outer.end()
    assert outer.finish().signals[Signal.CANARY] == pytest.approx(0.5)


def test_the_canary_costs_a_hundredth_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    canary = Canary.__new__(Canary)
    now_s = [100.0]
    runs: list[float] = []

    def run() -> CanaryTime:
        runs.append(now_s[0])
        return CanaryTime(now_s[0], 0.01, 0.05)

    monkeypatch.setattr("wattbench.meters.contention.watch.time.perf_counter", lambda: now_s[0])
    canary.previous = None
    canary._lock, canary._last, canary._parts_s = threading.Lock(), None, deque([0.01] * 5, maxlen=REMEMBERED)
    monkeypatch.setattr(canary, "_run", run)
    for _ in range(1000):
        canary.recent()
        now_s[0] += 0.1
    assert 0.05 * len(runs) <= 0.01 * 100.0 + 0.05
    assert len(runs) >= 16


def test_the_real_canary_is_timed_once_and_then_rests() -> None:
    canary = Canary()
    time = canary.recent()
    assert 0.0 < time.slice_s < time.total_s
    assert canary.usual_s > 0.0
    assert canary.recent() is time


def test_a_processor_that_stays_slower_becomes_usual_and_a_spell_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    canary = Canary.__new__(Canary)
    now_s, part_s = [0.0], [0.010]
    canary.previous = None
    canary._lock, canary._last, canary._parts_s = threading.Lock(), None, deque([0.010] * 5, maxlen=REMEMBERED)
    monkeypatch.setattr("wattbench.meters.contention.watch.time.perf_counter", lambda: now_s[0])
    monkeypatch.setattr(canary, "_run", lambda: CanaryTime(now_s[0], part_s[0], 0.05))

    def slower(times: int, takes_s: float) -> float | None:
        part_s[0] = takes_s
        for _ in range(times):
            now_s[0] += 0.05 * EVERY
            time = canary.recent()
        return slowdown(canary, [time])

    assert slower(10, 0.010) == 0.0
    assert slower(10, 0.013) == pytest.approx(0.3)
    assert slower(1, 0.010) == 0.0
    assert slower(REMEMBERED, 0.013) == 0.0


def test_one_slow_time_is_no_contention(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN)
    for parts_s in ((0.015, 0.010), (0.010, 0.015)):
        span = watching(fake_proc, *parts_s).open()
        span.begin()
        span.end()
        assert span.finish().signals[Signal.CANARY] == 0.0


def test_a_time_that_stands_for_both_ends_needs_the_one_before_it() -> None:
    canary: Any = MadeUpCanary([])
    slow, usual = CanaryTime(0.0, 0.015, 0.05), CanaryTime(0.0, 0.010, 0.05)
    assert slowdown(canary, [slow, slow]) == pytest.approx(0.5)
    canary.previous = usual
    assert slowdown(canary, [slow, slow]) == 0.0
    canary.previous = slow
    assert slowdown(canary, [slow, slow]) == pytest.approx(0.5)


@pytest.mark.parametrize("value", ["off", "on", None])
def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv(watch.SWITCH, raising=False)
    if value is not None:
        monkeypatch.setenv(watch.SWITCH, value)
    assert (watch_here() is None) is (value == "off")


def hidden(fake_proc: FakeProc) -> dict[str, str]:
    return {state.signal: state.why_not for state in survey_signals(fake_proc.reader()) if state.why_not}


def test_a_machine_that_shows_everything(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN, cpu_s=1.0)
    assert hidden(fake_proc) == {}
    assert [state.signal for state in survey_signals(fake_proc.reader())] == list(LIMITS) == list(Signal)


def test_each_signal_that_is_hidden_says_why(fake_proc: FakeProc) -> None:
    assert set(hidden(fake_proc)) == {Signal.RUN_QUEUE_WAIT, Signal.FOREIGN_CPU}
    fake_proc.process(OWN)
    fake_proc.write(f"{OWN}/task/{OWN}/schedstat", "0 0 0\n")
    assert "CONFIG_SCHED_INFO" in hidden(fake_proc)[Signal.RUN_QUEUE_WAIT]
    fake_proc.process(OWN, cpu_s=1.0)
    fake_proc.write("mounts", "lxcfs /proc/stat fuse.lxcfs rw 0 0\n")
    assert "lxcfs" in hidden(fake_proc)[Signal.FOREIGN_CPU]
    assert fake_proc.reader().snapshot().processors is None
    fake_proc.write("mounts", "")
    fake_proc.write("stat", "cpu0 0 0 0 0 0 0 0 0 0 0\n")  # a sandbox
    assert set(hidden(fake_proc)) == {Signal.FOREIGN_CPU, Signal.STEAL}


def test_steal_that_is_always_0_may_be_hidden_in_a_virtual_machine_alone(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN, cpu_s=1.0)
    assert fake_proc.reader().snapshot().steal_s == 0.0
    fake_proc.write("cpuinfo", "flags\t: fpu hypervisor vme\n")
    assert fake_proc.reader().snapshot().steal_s is None
    assert "hypervisor may hide it" in hidden(fake_proc)[Signal.STEAL]
    fake_proc.machine(steal_s=2.0)
    assert fake_proc.reader().snapshot().steal_s == pytest.approx(2.0)


def test_groups_that_are_hidden(fake_proc: FakeProc) -> None:
    fake_proc.process(OWN, cpu_s=1.0)
    (fake_proc.system / "fs/cgroup/cgroup.procs").unlink()
    assert set(hidden(fake_proc)) == {Signal.THROTTLED}
    assert fake_proc.reader().snapshot().groups is None


def test_this_machine_is_read() -> None:
    reader = MachineReader()
    assert reader.snapshot().processes
    assert all(state.what for state in watch.survey_signals(reader))
