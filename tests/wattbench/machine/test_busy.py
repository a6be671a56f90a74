"""What else runs now, on a made-up machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.made_up.proc import CPUS, FakeProc
from wattbench.machine import busy
from wattbench.machine.busy import BusyNow, busy_now
from wattbench.machine.lock_holder import LockHolder
from wattbench.meters.slots.book import CoRunning
from wattbench.meters.slots.here import measuring_as

OWN = os.getpid()
BOOTED_S = 1000.0
THIS = LockHolder.here()


@pytest.fixture
def fake_proc(tmp_path: Path) -> FakeProc:
    fake = FakeProc(tmp_path)
    fake.process(OWN, children=(OWN + 1,), cpu_s=1.0)
    fake.process(OWN + 1, parent=OWN, name="llama-server", cpu_s=5.0)
    fake.machine(busy_s=BOOTED_S)
    return fake


@pytest.fixture(autouse=True)
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look of one second for each processor of this machine, which has 100 s of them."""
    ticks = iter([0.0, 100.0 / len(CPUS)])
    monkeypatch.setattr(busy.time, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(busy, "_load", lambda: 1.5)


def look(
    fake_proc: FakeProc,
    used_s: dict[int, tuple[str, float]],
    *,
    busy_s: float,
    own_s: float = 0.0,
    parents: Mapping[int, int] = MappingProxyType({}),
) -> BusyNow:
    for pid, (name, _) in used_s.items():
        fake_proc.process(pid, parent=parents.get(pid, 1), name=name, cpu_s=7.0)

    def work(_: float) -> None:
        for pid, (name, seconds) in used_s.items():
            fake_proc.process(pid, parent=parents.get(pid, 1), name=name, cpu_s=7.0 + seconds)
        fake_proc.process(OWN + 1, parent=OWN, name="llama-server", cpu_s=5.0 + own_s)
        fake_proc.machine(busy_s=BOOTED_S + busy_s)

    return busy_now(proc=fake_proc.root, sleep=work, system=fake_proc.system)


def test_the_largest_are_named_and_those_of_one_name_added(fake_proc: FakeProc) -> None:
    used = {21: ("python3", 20.0), 22: ("python3", 11.0), 23: ("chromium", 4.0), 24: ("sshd", 0.2), 25: ("sleep", 0.0)}
    now = look(fake_proc, used, busy_s=45.2, own_s=8.0)
    assert now.text == "other processes use 37% of the processor: python3 (31%), chromium (4%)"
    assert now.share == pytest.approx(0.372)
    assert now.load_1min == 1.5


def test_own_processes_are_not_other_ones(fake_proc: FakeProc) -> None:
    now = look(fake_proc, {}, busy_s=90.0, own_s=90.0)
    assert now.text == "other processes use 0% of the processor"
    assert now.processes == ()


def test_processes_of_another_container_are_used_but_not_seen(fake_proc: FakeProc) -> None:
    assert look(fake_proc, {}, busy_s=50.0).text == (
        "other processes use 50% of the processor: their names cannot be seen here"
    )


def test_a_name_does_not_steer_the_terminal(fake_proc: FakeProc) -> None:
    assert "\x1b" not in look(fake_proc, {21: ("\x1b[2J) S 1 (", 30.0)}, busy_s=30.0).text


def test_command_lines_are_never_read(fake_proc: FakeProc) -> None:
    fake_proc.write("21/cmdline", "server\0--api-key\0secret")
    assert "secret" not in repr(look(fake_proc, {21: ("server", 30.0)}, busy_s=30.0))


def test_a_kernel_that_hides_all(tmp_path: Path) -> None:
    now = busy_now(proc=tmp_path / "none", sleep=lambda _: None, system=tmp_path)
    assert now.text == "what other processes use cannot be seen here"


def test_runs_of_wattbench_are_named_by_their_command_with_all_that_they_started(fake_proc, monkeypatch) -> None:
    run = replace(THIS, pid=21, command="wattbench run tickets.yaml --energy off")
    elsewhere = replace(run, pid=23, processes_of="pid:[1]")
    monkeypatch.setattr(busy, "runs_now", lambda: [run, elsewhere])
    used = {21: ("python3", 8.0), 22: ("llama-server", 40.0), 23: ("chromium", 4.0)}
    assert look(fake_proc, used, busy_s=52.0, parents={22: 21}).text == (
        "other processes use 52% of the processor: process 21 (wattbench run tickets.yaml --energy off) (48%), "
        "chromium (4%)"
    )


class Book:
    """What another slot of the machine says."""

    pids = (31,)

    def wait_until(self, _: float) -> bool:
        return True

    def others(self, from_s: float, to_s: float) -> CoRunning:
        assert from_s <= to_s
        return CoRunning(1, 60.0)

    def close(self) -> None: ...


def test_other_slots_and_what_they_started_are_not_other_work(fake_proc: FakeProc, monkeypatch) -> None:
    monkeypatch.setattr(busy, "now_s", lambda: 5.0)
    fake_proc.process(32, parent=31, name="vllm", cpu_s=7.0)
    with measuring_as(Book()):  # type: ignore[arg-type]
        now = look(fake_proc, {31: ("python3", 60.0), 40: ("chromium", 20.0)}, busy_s=90.0, own_s=10.0)
    assert now.text == "other processes use 20% of the processor: chromium (20%)"
