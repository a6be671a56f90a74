"""The NVML meter through the real binding, against a fake driver whose true power is known."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wattbench.meters import recover_window
from wattbench.records import WindowLabel

pytestmark = [pytest.mark.slow, pytest.mark.alone]

MEASURE = """
with Metering([NvmlMeter()]) as metering:
    rows = []
    for seconds in SECONDS:
        window = metering.open(label())
        time.sleep(seconds)
        rows.append(window.close())
tell(rows)
"""


def measure(driver: Any, *seconds: float, **settings: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = driver.run(MEASURE.replace("SECONDS", repr(seconds)), **settings)
    return rows


def disturb(driver: Any, act: str, seconds: float = 1.2, **settings: object) -> dict[str, Any]:
    """One window, with something done in the middle of it."""
    script = f"""
with Metering([NvmlMeter()]) as metering:
    window = metering.open(label())
    time.sleep({seconds / 2})
    {act}
    time.sleep({seconds / 2})
    tell(window.close())
"""
    row: dict[str, Any] = driver.run(script, **settings)
    return row


def true_j(
    row: dict[str, Any], wave: str, watts: float, low: float = 0.0, period: float = 1.0, duty: float = 0.5
) -> float:
    """The waveform of the fake driver, integrated by hand over a row's window."""

    def until(at_s: float) -> float:
        periods, into = math.floor(at_s / period), at_s % period
        if wave == "square":
            return low * at_s + (watts - low) * (periods * period * duty + min(into, period * duty))
        if wave == "ramp":
            return low * at_s + (watts - low) * (periods * period / 2 + into**2 / (2 * period))
        return watts * at_s

    base_s = period * math.floor(row["started_s"] / period)
    return until(row["finished_s"] - base_s) - until(row["started_s"] - base_s)


WAVES = {
    "constant": {"wave": "constant", "watts": 300.0},
    "square": {"wave": "square", "watts": 400.0, "low": 60.0, "period": 0.7},
    "ramp": {"wave": "ramp", "watts": 400.0, "low": 60.0, "period": 3.0},
    "bursts": {"wave": "square", "watts": 400.0, "low": 60.0, "period": 0.07, "duty": 0.4},
}


@pytest.mark.parametrize("name", WAVES)
def test_a_second_is_within_five_percent_on_each_of_four_gpus(driver: Any, name: str) -> None:
    (row,) = measure(driver, 1.05, gpus=4, **WAVES[name])
    assert row["valid"], row["reasons"]
    assert set(row["provenance"].values()) == {"counter"}
    for component in ("gpu0", "gpu1", "gpu2", "gpu3"):
        assert row["energy_j"][component] == pytest.approx(true_j(row, **WAVES[name]), rel=0.05)


def test_five_seconds_are_within_one_percent_and_the_power_agrees(driver: Any) -> None:
    (row,) = measure(driver, 5.0, **WAVES["ramp"])
    truth_j = true_j(row, **WAVES["ramp"])
    assert row["valid"], row["reasons"]
    assert row["energy_j"]["gpu0"] == pytest.approx(truth_j, rel=0.01)
    assert row["check_energy_j"]["gpu0"] == pytest.approx(truth_j, rel=0.1)
    assert row["temperature_c"] == {"gpu0": 50.0}
    assert row["samples"] > 20


def test_a_short_window_is_invalid_rather_than_wrong(driver: Any) -> None:
    (row,) = measure(driver, 0.3)
    assert not row["valid"]
    (reason,) = row["reasons"]
    assert reason.startswith("gpu0: 3")
    assert "too short" in reason


def test_a_slow_counter_needs_a_longer_window(driver: Any) -> None:
    (row,) = measure(driver, 1.2, step=0.4)
    assert any("advances every 0.4 s" in reason for reason in row["reasons"])
    assert not row["valid"]


def test_without_power_readings_the_edges_are_still_placed(driver: Any) -> None:
    (row,) = measure(driver, 1.05, power=0, instant=0)
    assert row["valid"], row["reasons"]
    assert row["energy_j"]["gpu0"] == pytest.approx(true_j(row, "constant", 300.0), rel=0.05)
    assert row["check_energy_j"] == {}


def test_a_part_without_a_counter_is_integrated(driver: Any) -> None:
    (row,) = measure(driver, 1.3, counter=0)
    assert row["valid"], row["reasons"]
    assert row["provenance"] == {"gpu0": "integrated"}
    assert row["energy_j"]["gpu0"] == pytest.approx(true_j(row, "constant", 300.0), rel=0.01)
    assert row["check_energy_j"] == {}


def test_a_counter_that_is_stuck_from_the_start_is_no_counter(driver: Any) -> None:
    provenance = driver.run("with Metering([NvmlMeter()]) as metering: tell(metering.provenance)", stuck=1)
    assert provenance == {"gpu0": "integrated"}


def test_a_disagreement_of_the_methods_is_told_and_not_held_against_the_window(driver: Any) -> None:
    (row,) = measure(driver, 1.05, gain=0.65)
    assert row["valid"]
    assert len(row["reasons"]) == 1
    assert "integrated power" in row["reasons"][0]
    assert "(-3" in row["reasons"][0]


def test_a_read_that_fails_for_a_moment_costs_no_joule(driver: Any) -> None:
    row = disturb(driver, "alter(fail=999); time.sleep(0.25); alter(fail=0)")
    assert row["valid"], row["reasons"]
    assert row["largest_gap_s"] > 0.25
    assert row["energy_j"]["gpu0"] == pytest.approx(true_j(row, "constant", 300.0), rel=0.05)


def test_a_lost_device_is_named_and_the_other_is_kept(driver: Any) -> None:
    row = disturb(driver, "alter(gpu1__fail=15)", gpus=2)
    assert not row["valid"]
    assert set(row["energy_j"]) == {"gpu0"}
    reason, fewer, lost = row["reasons"]
    assert reason.startswith("gpu1: meter lost 0.")
    assert reason.endswith("(GPU is lost)")
    assert lost == "gpu1: the device was lost (GPU is lost)"
    assert fewer == "fewer GPUs than expected: 1 of 2 could be read throughout"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("alter(reset=time.time())", "gpu0: counter went backwards"),
        ("alter(clocks=0x40)", "gpu0: throttled (thermal, by hardware)"),
        ("alter(clocks=0x84)", "gpu0: power-capped"),
    ],
)
def test_a_fault_ends_in_its_reason(driver: Any, act: str, reason: str) -> None:
    row = disturb(driver, act)
    assert not row["valid"]
    assert reason in row["reasons"]


def test_a_counter_that_sticks_later_gives_no_figure(driver: Any) -> None:
    row = driver.run(
        """
with Metering([NvmlMeter()]) as metering:
    alter(stuck=1)
    window = metering.open(label())
    time.sleep(1.1)
    tell(window.close())
"""
    )
    assert row["energy_j"] == {}
    assert row["reasons"] == ["gpu0: counter did not advance (a stuck sensor)"]


def test_idle_clocks_are_no_throttling(driver: Any) -> None:
    (row,) = measure(driver, 1.05, clocks=0x01)
    assert row["valid"], row["reasons"]


def test_foreign_processes_are_told_from_our_own(driver: Any) -> None:
    notes = driver.run(
        """
child = subprocess.Popen(["sleep", "30"])
alter(pids=f"{os.getpid()},{child.pid},{os.getppid()},4194303")
meter = NvmlMeter()
meter.open()
notes = sorted(meter.read().notes)
child.kill()
tell([notes, os.getppid()])
"""
    )
    (note,), parent = notes
    assert note.startswith(f"gpu0: foreign process {parent} (")


@pytest.mark.parametrize(
    ("visible", "components"),
    [
        ("2", ["gpu2"]),
        ("3,1", ["gpu1", "gpu3"]),
        ("GPU-00000012", ["gpu2"]),
        ("GPU-00000013-fake-fake-fake-000000000000,0", ["gpu0", "gpu3"]),
        ("0,-1,2", ["gpu0"]),
    ],
)
def test_only_visible_gpus_are_read(driver: Any, visible: str, components: list[str]) -> None:
    script = "meter = NvmlMeter(); meter.open(); tell(sorted(meter.read().energy_j))"
    assert driver.run(script, {"CUDA_VISIBLE_DEVICES": visible}, gpus=4) == components


REFUSED = """
try:
    NvmlMeter().open()
except MeterError as error:
    tell([str(error), error.fix])
"""


@pytest.mark.parametrize(
    ("visible", "settings", "reason"),
    [
        ("MIG-1234", {}, "MIG instance MIG-1234"),
        ("", {}, "no GPU is visible"),
        (None, {"gpus": 0}, "no GPU is visible"),
        (None, {"gpus": 2, "gpu1.mig": 1}, "gpu1: MIG mode is on"),
        (None, {"counter": 0, "power": 0}, "neither an energy counter"),
        ("1", {"gpus": 2, "gpu1.name": "Another"}, "GPUs of different models"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(
    driver: Any, visible: str | None, settings: dict[str, object], reason: str
) -> None:
    environ = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    told, fix = driver.run(REFUSED, environ, **settings)
    assert reason in told
    assert fix or "no GPU is visible" in told


def test_a_killed_process_leaves_a_window_that_can_be_closed(driver: Any, tmp_path: Path) -> None:
    script = """
with Metering([NvmlMeter()]) as metering:
    metering.trace_to(Path(sys.argv[1]))
    window = metering.open(label())
    print(json.dumps(asdict(window.label)), flush=True)
    time.sleep(60)
"""
    prelude = sys.modules[type(driver).__module__].PRELUDE
    trace = tmp_path / "trace.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", prelude + script, str(trace)],
        env=driver.environment(step=0.02, watts=250),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process.stdout as told:
        label = WindowLabel.from_json(json.loads(told.readline()))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2.0)  # longer than a window must last, by what a busy machine may hold up
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    row = recover_window(trace, label)

    assert row.valid, row.reasons
    assert row.reasons == ["interrupted; closed from the trace", "what else the machine did meanwhile is not known"]
    assert row.provenance == {"gpu0": "counter"}
    assert 1.2 < row.duration_s < 4.0
    assert row.energy_j["gpu0"] == pytest.approx(250 * row.duration_s, rel=0.05)


def test_codecarbon_leaves_the_gpus_to_nvml(driver: Any, tmp_path: Path) -> None:
    nvidia_smi = tmp_path / "nvidia-smi"  # codecarbon asks whether there is one
    nvidia_smi.write_text("#!/bin/sh\n")
    nvidia_smi.chmod(0o755)
    row = driver.run(
        """
from wattbench.meters import CodecarbonMeter
with Metering([NvmlMeter(), CodecarbonMeter()]) as metering:
    window = metering.open(label())
    time.sleep(1.1)
    tell(window.close())
""",
        {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        watts=1300,
    )
    assert row["valid"], row["reasons"]
    assert row["provenance"] == {"gpu0": "counter", "cpu": "modelled", "dram": "modelled"}
    assert row["energy_j"]["gpu0"] == pytest.approx(true_j(row, "constant", 1300.0), rel=0.05)
    assert row["energy_j"]["cpu"] + row["energy_j"]["dram"] < 650
