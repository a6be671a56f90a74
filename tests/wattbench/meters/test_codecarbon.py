from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.made_up.proc import FakeProc
from wattbench.clock import now_s
from wattbench.meters import CodecarbonMeter, MeterError
from wattbench.meters import codecarbon as module

pytestmark = [pytest.mark.waits, pytest.mark.timed]

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def half_load(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is always busy by half, so that the model has one right answer."""
    module._new_tracker()  # imports codecarbon quietly
    from codecarbon.external.hardware import SystemCPULoadMeter

    monkeypatch.setattr(SystemCPULoadMeter, "percent", lambda self, prime_interval=0.05: 50.0)
    monkeypatch.setattr(module.OwnShare, "since_last", lambda self: 1.0)


def own_power_w() -> dict[str, float]:
    """What codecarbon itself says of one long task."""
    tracker = module._new_tracker()
    tracker.start_task("warm")
    tracker.stop_task("warm")
    tracker.start_task("long")
    time.sleep(1.0)
    data = tracker.stop_task("long")
    tracker.stop()
    return {
        "cpu": data.cpu_energy * 3.6e6 / data.duration,
        "dram": data.ram_energy * 3.6e6 / data.duration,
    }


@pytest.mark.usefixtures("half_load")
def test_rolled_tasks_add_up_to_codecarbons_own_figure() -> None:
    own_w = own_power_w()
    meter = CodecarbonMeter()
    meter.open()
    first = meter.read()
    for pause_s in (0.4, 0.02, 0.5, 0.3):
        time.sleep(pause_s)
        last = meter.read()
    meter.close()
    elapsed_s = last.at_s - first.at_s
    for component in ("cpu", "dram"):
        joules = last.energy_j[component] - first.energy_j[component]
        assert own_w[component] > 0
        assert joules == pytest.approx(own_w[component] * elapsed_s, rel=0.05)
        assert last.power_w[component] == pytest.approx(own_w[component], rel=0.1)


class SlowTracker:
    """100 W of each, while a task runs; starting one takes longer than codecarbon ever does."""

    def start_task(self) -> None:
        self.started_s = now_s()
        time.sleep(0.05)

    def stop_task(self) -> Any:
        kwh = 100.0 * (now_s() - self.started_s) / 3.6e6
        time.sleep(0.05)
        return SimpleNamespace(cpu_energy=kwh, ram_energy=kwh)

    def stop(self) -> None:
        pass


def test_no_time_is_lost_between_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_new_tracker", SlowTracker)
    meter = CodecarbonMeter()
    meter.open()
    first = meter.read()
    for _ in range(8):
        time.sleep(0.1)
        last = meter.read()
    meter.close()
    elapsed_s = last.at_s - first.at_s
    assert last.energy_j["cpu"] - first.energy_j["cpu"] == pytest.approx(100.0 * elapsed_s, rel=0.05)


@pytest.mark.usefixtures("half_load")
def test_a_new_tracker_takes_over_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TASKS_PER_TRACKER", 2)
    meter = CodecarbonMeter(["dram"])
    meter.open()
    first = meter.read()
    for _ in range(6):
        time.sleep(0.12)
        last = meter.read()
    meter.close()
    assert last.energy_j["dram"] - first.energy_j["dram"] == pytest.approx(
        last.power_w["dram"] * (last.at_s - first.at_s), rel=0.1
    )


@pytest.mark.usefixtures("half_load")
def test_readings_in_quick_succession_never_fall() -> None:
    meter = CodecarbonMeter(["cpu"])
    meter.open()
    readings = [meter.read() for _ in range(50)]
    meter.close()
    counts_j = [reading.energy_j["cpu"] for reading in readings]
    assert counts_j == sorted(counts_j)
    assert counts_j[-1] > counts_j[0]
    assert all(set(reading.energy_j) == {"cpu"} for reading in readings)


@pytest.mark.usefixtures("half_load")
def test_a_task_that_fails_is_a_gap_and_the_next_makes_up_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = CodecarbonMeter(["dram"])
    meter.open()
    first = meter.read()
    time.sleep(0.15)
    with monkeypatch.context() as patched:
        patched.setattr(type(meter._tracker), "stop_task", lambda self, task_name=None: None)
        with pytest.raises(MeterError, match="without a figure"):
            meter.read()
    time.sleep(0.15)
    last = meter.read()
    meter.close()
    meter.close()
    assert last.energy_j["dram"] - first.energy_j["dram"] == pytest.approx(
        last.power_w["dram"] * (last.at_s - first.at_s), rel=0.1
    )


def test_it_prints_nothing_writes_nothing_and_calls_nobody(tmp_path: Path) -> None:
    script = """
import os, socket, time
def refuse(*_): raise SystemExit("it tried to reach the network")
socket.socket.connect = socket.getaddrinfo = refuse
from wattbench.meters import CodecarbonMeter
meter = CodecarbonMeter()
meter.open()
for _ in range(3):
    time.sleep(0.15)
    meter.read()
meter.close()
assert "CODECARBON_LOG_LEVEL" not in os.environ
"""
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_api = true\noutput_methods = csv\nlog_level = debug\npue = 2\n"
        "output_dir = /nowhere\nemissions_endpoint = http://127.0.0.1:9\nelectricitymaps_api_token = x\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]


def test_opening_takes_its_first_look_before_anything_counts() -> None:
    meter = CodecarbonMeter()
    meter.open()
    opened_s = now_s()
    reading = meter.read()
    meter.close()
    assert reading.at_s - opened_s < 0.5
    assert reading.power_w["dram"] > 0


def test_what_does_not_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def start_task(self) -> Any:
            raise AttributeError("no such thing")

    monkeypatch.setattr(module, "_new_tracker", Broken)
    with pytest.raises(MeterError, match="does not start"):
        CodecarbonMeter().open()


class MeteredLoad:
    """A tracker whose machine draws 60 W at its load, and 20 W at rest."""

    def __init__(self) -> None:
        self._hardware = [SimpleNamespace(_mode="cpu_load", _get_power_from_cpu_load=lambda: SimpleNamespace(W=20.0))]

    def start_task(self) -> None:
        self.started_s = now_s()

    def stop_task(self) -> Any:
        kwh = 60.0 * (now_s() - self.started_s) / 3.6e6
        return SimpleNamespace(cpu_energy=kwh, ram_energy=kwh)

    def stop(self) -> None:
        pass


def charged_w(fake: FakeProc, *, own_s: float, busy_s: float) -> dict[str, float]:
    """The watts of a task in which the machine used some CPU seconds, and the own processes some of them."""
    fake.process(os.getpid(), cpu_s=1.0)
    fake.machine(busy_s=10.0)
    meter = CodecarbonMeter(proc=fake.root)
    meter.open()
    fake.process(os.getpid(), cpu_s=1.0 + own_s)
    fake.machine(busy_s=10.0 + busy_s)
    time.sleep(0.11)
    watts = meter.read().power_w
    meter.close()
    return dict(watts)


@pytest.mark.parametrize(("own_s", "cpu_w"), [(0.0, 20.0), (1.0, 30.0), (4.0, 60.0), (9.0, 60.0)])
def test_above_rest_the_model_charges_own_cpu_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_s: float, cpu_w: float
) -> None:
    monkeypatch.setattr(module, "_new_tracker", MeteredLoad)
    watts = charged_w(FakeProc(tmp_path), own_s=own_s, busy_s=4.0)
    assert watts["cpu"] == pytest.approx(cpu_w, rel=0.02)
    assert watts["dram"] == pytest.approx(60.0, rel=0.02)  # a constant, which is charged whole


def test_a_model_without_a_curve_over_load_is_charged_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Constant(MeteredLoad):
        def __init__(self) -> None:
            self._hardware = [SimpleNamespace(_mode="constant")]

    monkeypatch.setattr(module, "_new_tracker", Constant)
    watts = charged_w(FakeProc(tmp_path), own_s=1.0, busy_s=4.0)
    assert watts["cpu"] == pytest.approx(60.0, rel=0.02)


def test_where_the_kernel_hides_processes_the_model_is_charged_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "_new_tracker", MeteredLoad)
    meter = CodecarbonMeter(proc=tmp_path / "none")
    meter.open()
    time.sleep(0.11)
    assert meter.read().power_w["cpu"] == pytest.approx(60.0, rel=0.02)
    meter.close()


def test_codecarbons_own_curve_gives_the_power_at_rest() -> None:
    tracker = module._new_tracker()
    tracker.start_task("look")
    tracker.stop_task("look")
    (cpu,) = [part for part in tracker._hardware if getattr(part, "_mode", None) == "cpu_load"]
    rest_w = module._power_at_rest(tracker)
    tracker.stop()
    assert rest_w == pytest.approx(0.1 * cpu._tdp)


def test_a_scheduler_that_kept_its_lock_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an interrupt within its start or stop leaves it: its own stop would wait for ever."""
    monkeypatch.setattr(module, "END_S", 0.2)
    meter = CodecarbonMeter()
    meter.open()
    monitor = meter._tracker._scheduler_monitor_power
    assert monitor._lock.acquire(timeout=1)
    monitor._stopped = False
    began_s = now_s()
    meter.close()
    assert now_s() - began_s < 5.0
    monitor._lock.release()
