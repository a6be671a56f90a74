from __future__ import annotations

import os
import resource
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.meters import PlayedMeter
from tests.wattbench.records.test_refused_by_the_machine import limited
from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.interrupts import noticed
from wattbench.meters import MeterError, Metering, Reading, recover_window
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.signals import Contention
from wattbench.meters.contention.watch import MachineWatch
from wattbench.meters.sampling.trace import TraceWriter, read_trace
from wattbench.meters.windows.judge import UNWATCHED
from wattbench.records import Purpose, WindowLabel

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_a_window_is_opened_sampled_and_judged(steady: Any, label: WindowLabel, tmp_path: Path) -> None:
    with Metering([steady]) as metering:
        assert metering.provenance == {"cpu": "rapl"}
        assert metering.step_s == {"cpu": 0.001}
        metering.trace_to(tmp_path / "trace.csv")
        before_s = now_s()
        window = metering.open(label)
        assert window.label == replace(label, started_s=window.started_s)
        assert before_s <= window.started_s <= now_s()
        time.sleep(0.3)
        assert window.elapsed_s >= 0.3
        row = window.close(idle_w={"cpu": 10.0}, passes=2)
    assert row.valid, row.reasons
    assert row.energy_j["cpu"] == pytest.approx(100.0 * row.duration_s, rel=0.05)
    assert row.samples >= 5
    assert (row.window, row.run, row.system, row.task, row.purpose) == ("w1", "r", "s", "t", "measured")
    assert (row.idle_w, row.passes) == ({"cpu": 10.0}, 2)
    assert not steady.is_open
    times_s = [reading.at_s for _, reading in read_trace(tmp_path / "trace.csv").readings]
    assert len(times_s) == row.samples
    assert times_s[0] <= row.started_s < row.finished_s <= times_s[-1] + 1e-6


def test_nothing_is_read_while_no_window_is_open(steady: Any, label: WindowLabel) -> None:
    with Metering([steady]) as metering:
        time.sleep(0.1)
        assert steady.reads == 0
        metering.open(label).close()
        reads = steady.reads
        time.sleep(0.1)
        assert steady.reads == reads


def test_windows_may_overlap_and_keep_their_own_readings(steady: Any, label: WindowLabel) -> None:
    with Metering([steady]) as metering:
        outer = metering.open(label)
        time.sleep(0.1)
        inner = metering.open(replace(label, window="w2"))
        time.sleep(0.1)
        inner_row = inner.close()
        outer_row = outer.close()
    assert inner_row.energy_j["cpu"] < outer_row.energy_j["cpu"]
    assert inner_row.energy_j["cpu"] == pytest.approx(100.0 * inner_row.duration_s, rel=0.1)


def test_a_meter_that_fails_is_named_and_the_others_go_on(steady: Any, dead: Any, label: WindowLabel) -> None:
    with Metering([dead, steady]) as metering:
        window = metering.open(label)
        time.sleep(0.1)
        row = window.close()
    assert set(row.energy_j) == {"cpu"}
    assert row.reasons == ["gpu0: could not be read (it is dead)"]
    assert not row.valid


def test_a_meter_with_a_fault_of_its_own_does_not_stop_the_sampling(steady: Any, label: WindowLabel) -> None:
    fails = iter([False, False, True, True])

    def play(at_s: float) -> Reading:
        if next(fails, False):
            raise ZeroDivisionError("a bug")
        return Reading(at_s, {"cpu": 100.0 * at_s})

    steady._play = play
    with Metering([steady]) as metering:
        window = metering.open(label)
        time.sleep(0.3)
        row = window.close()
    assert row.valid, row.reasons
    assert row.samples > 5


def test_an_edge_that_fails_is_tried_again(steady: Any, label: WindowLabel) -> None:
    fails = iter([True, True])

    def play(at_s: float) -> Reading:
        if next(fails, False):
            raise MeterError("busy")
        return Reading(at_s, {"cpu": 100.0 * at_s})

    steady._play = play
    with Metering([steady]) as metering:
        window = metering.open(label)
        time.sleep(0.05)
        assert window.close().valid


def test_without_meters_a_window_says_so(label: WindowLabel) -> None:
    with Metering([]) as metering:
        window = metering.open(label)
        time.sleep(0.05)  # for the sampling thread, which must not keep the lock to itself
        row = window.close()
    assert not row.valid
    assert row.energy_j == {}


def test_a_meter_that_does_not_open_is_told_to_a_person(steady: Any, dead: Any) -> None:
    def refuse() -> None:
        raise MeterError("no permission", fix="ask root")

    dead.open = refuse
    with (
        pytest.raises(UserError, match=r"dead: no permission \(fix: ask root\).*wattbench dev doctor"),
        Metering([steady, dead]),
    ):
        pass
    assert not steady.is_open


def test_two_meters_of_one_component_are_refused(steady: Any) -> None:
    twin = type(steady)(steady._play, name="twin")
    with pytest.raises(UserError, match="two meters claim to measure cpu"), Metering([steady, twin]):
        pass
    assert not steady.is_open
    assert not twin.is_open


def test_a_trace_that_cannot_be_written_is_told(steady: Any, label: WindowLabel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Metering([steady]) as metering:
        with pytest.raises(UserError, match="cannot be written"):
            metering.trace_to(tmp_path / "file" / "trace.csv")
        with pytest.raises(UserError, match="it is a device, not a file"):
            metering.trace_to(Path(os.devnull))
        with limited(resource.RLIMIT_FSIZE, 20), pytest.raises(UserError, match="File too large"):
            metering.trace_to(tmp_path / "trace.csv")
        assert metering.open(label).close().energy_j


@pytest.mark.parametrize("purpose", [Purpose.MEASURED, Purpose.TRAINING])
@pytest.mark.parametrize("seconds", [1.0, 6.0])
def test_an_interrupted_window_is_closed_from_its_trace(
    steady: Any, label: WindowLabel, tmp_path: Path, seconds: float, purpose: Purpose
) -> None:
    """The machine was not watched to its end: a processor's joules may be those of other work."""
    model = type(steady)(steady._play, name="model", component="dram", provenance="modelled")
    steady.step_s, model.step_s = {"cpu": 0.1}, {"dram": 0.001}
    writer = TraceWriter(tmp_path / "t.csv")
    for i in range(-5, int(seconds * 10) + 1):
        writer.write(steady, Reading(i / 10, {"cpu": 10.0 * i}))
        if i % 5 == 0 and i < seconds * 10:  # the slower one was last read half a second before the end
            writer.write(model, Reading(i / 10, {"dram": 2.0 * i}))
    writer.close()
    row = recover_window(tmp_path / "t.csv", replace(label, started_s=0.0, purpose=purpose))
    assert row.finished_s == seconds
    assert row.energy_j == {"cpu": pytest.approx(100 * seconds), "dram": pytest.approx(20 * seconds)}
    assert row.valid is (seconds == 6.0 and purpose == Purpose.TRAINING)
    assert {"interrupted; closed from the trace", UNWATCHED} <= set(row.reasons)
    assert (row.contention, row.own_cpu_s, row.contended) == ({}, None, False)


def test_a_meter_that_died_before_the_process_is_not_carried_on(
    steady: Any, label: WindowLabel, tmp_path: Path
) -> None:
    writer = TraceWriter(tmp_path / "t.csv")
    for i in range(60):
        reading = Reading(i / 10, {"cpu": 10.0 * i}) if i < 30 else Reading(i / 10, gaps={"cpu": "gone"})
        writer.write(steady, reading)
    writer.close()
    row = recover_window(tmp_path / "t.csv", replace(label, started_s=0.0))
    assert row.energy_j == {}
    assert row.reasons[0] == "cpu: meter lost 2.90 s into the window (gone)"


def test_an_interrupted_window_ends_when_its_last_answer_came(steady: Any, label: WindowLabel, tmp_path: Path) -> None:
    watts = type(steady)(steady._play, name="watts", component="gpu0", provenance="integrated")
    steady.step_s = watts.step_s = {"cpu": 0.1, "gpu0": 0.1}
    writer = TraceWriter(tmp_path / "t.csv")
    for i in range(100):
        writer.write(steady, Reading(i / 10, {"cpu": 10.0 * i}))
        writer.write(watts, Reading(i / 10 + 0.01, power_w={"gpu0": 50.0 if i < 60 else 900.0}))
    writer.close()
    row = recover_window(tmp_path / "t.csv", replace(label, started_s=0.05), until_s=5.55)
    assert row.finished_s == 5.55
    assert row.energy_j == {"cpu": pytest.approx(550.0), "gpu0": pytest.approx(275.0)}
    assert row.reasons[:2] == [UNWATCHED, "interrupted; closed from the trace"]
    assert not row.valid, "the processor's joules may be those of other work"


def test_of_a_window_without_a_trace_nothing_is_known_and_said_so(
    steady: Any, label: WindowLabel, tmp_path: Path
) -> None:
    row = recover_window(tmp_path / "none.csv", replace(label, started_s=5.0), until_s=7.0)
    assert (row.valid, row.energy_j, row.duration_s) == (False, {}, 2.0)
    assert row.reasons == ["nothing was measured: no meter was read", "interrupted; closed from the trace", UNWATCHED]
    with Metering([steady]) as metering:
        metering.trace_to(tmp_path / "t.csv")
        metering.open(label).close()
    row = recover_window(tmp_path / "t.csv", replace(label, started_s=now_s()))
    assert (row.valid, row.energy_j) == (False, {})
    assert row.reasons[0].startswith("cpu: meter lost 0.00 s")
    with pytest.raises(ValueError, match="never opened"):
        recover_window(tmp_path / "t.csv", label)


class WatchedAs:
    """A watch that finds what a test says, and notes when it is called."""

    def __init__(self, contention: Contention) -> None:
        self.contention = contention
        self.calls: list[Any] = []

    def calibrate(self) -> None:
        self.calls.append("calibrate")

    def open(self) -> Any:
        self.calls.append("open")
        return self

    def begin(self) -> None:
        self.calls.append("begin")

    def end(self) -> None:
        self.calls.append("end")

    def finish(self, pass_s: Any, *_: object) -> Contention:
        self.calls.append(list(pass_s))
        return self.contention


def test_a_watched_window_says_what_else_the_machine_did(steady: Any, label: WindowLabel) -> None:
    watched: Any = WatchedAs(Contention({Signal.FOREIGN_CPU: 0.5, Signal.STEAL: 0.0}, 1.25))
    with Metering([steady], watched) as metering:
        window = metering.open(label)
        time.sleep(0.1)
        row = window.close(passes=2, pass_s=[0.04, 0.05])
    assert watched.calls == ["calibrate", "open", "begin", "end", [0.04, 0.05]]
    assert (row.own_cpu_s, row.contention) == (1.25, {"foreign_cpu": 0.5, "steal": 0.0})
    assert row.contended
    assert not row.valid
    assert row.energy_j


def test_a_real_watch_reads_own_work(steady: Any, label: WindowLabel) -> None:
    with Metering([steady], MachineWatch()) as metering:
        window = metering.open(label)
        while window.elapsed_s < 0.6:
            sum(range(1000))
        row = window.close()
    if not Path("/proc/self/stat").exists():
        return
    assert row.own_cpu_s is not None
    assert 0.0 < row.own_cpu_s <= 2.0
    assert {"foreign_cpu", "canary"} <= set(row.contention)


def test_an_interrupt_waits_until_a_meter_was_read(label: WindowLabel) -> None:
    """A meter that is interrupted within a reading may keep a lock that its own thread, or its end, waits for."""
    whole = []

    def play(at_s: float) -> Reading:
        if threading.current_thread() is threading.main_thread() and not whole:
            os.kill(os.getpid(), signal.SIGINT)
            whole.append(at_s)
        return Reading(at_s, {"cpu": 100 * at_s}, {"cpu": 100.0})

    meter = PlayedMeter(play)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), noticed(), Metering([meter]) as metering:
            metering.open(label)
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(whole) == 1
    assert not meter.is_open


def test_a_device_that_was_lost_at_an_edge_spoils_the_window_though_it_was_read_again(label: WindowLabel) -> None:
    failed = []

    def play(at_s: float) -> Reading:
        if not failed:
            failed.append(at_s)
            return Reading(at_s, notes=frozenset({"cpu: the device was lost"}), gaps={"cpu": "lost"})
        return Reading(at_s, {"cpu": 100.0 * at_s})

    with Metering([PlayedMeter(play)]) as metering:
        window = metering.open(label)
        time.sleep(0.1)
        row = window.close()
    assert row.energy_j
    assert not row.valid
    assert "cpu: the device was lost" in row.reasons


@pytest.mark.parametrize("content", [b"\xff\xfe" * 500, b"", b"a,b\n1,2\n"])
def test_an_interrupted_window_without_its_trace_is_closed_as_not_valid(
    label: WindowLabel, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    row = recover_window(tmp_path / "t.csv", replace(label, started_s=1.0), until_s=3.0)
    assert not row.valid
    assert any(reason.startswith("its power trace cannot be read (t.csv: not a power trace") for reason in row.reasons)


def test_a_window_is_closed_once_its_trace_is_on_disk(
    steady: Any, label: WindowLabel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", lambda each: synced.append(os.fstat(each).st_size))
    with Metering([steady]) as metering:
        metering.trace_to(tmp_path / "t.csv")
        window = metering.open(label)
        window.close()
        assert synced[-1] == (tmp_path / "t.csv").stat().st_size
