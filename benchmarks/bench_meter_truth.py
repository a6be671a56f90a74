"""Joules against the truth: wattbench's and codecarbon's, over the same windows of the same fake GPUs.

The fake driver's true power is known, so that each tool's error is. Both run at once, in one process, through the
real binding; each is held against the truth over its own window: from when its call to start returned to when its call
to stop was made, which is what a user takes it to have measured. codecarbon adds its GPUs up, so both are compared by
the sum. Nothing is timed here: the figures are in the table that is printed, and in `extra_info`.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from benchmarks.codecarbon_tracker import TRACKER
from tests.fakes.driver import FakeDriver, build, compiler
from tests.fakes.waveform import BURSTS, CONSTANT, RAMP, SPARSE, SQUARE, Waveform

MACHINES: dict[str, list[Waveform]] = {
    "constant": [CONSTANT],
    "square": [SQUARE],
    "ramp": [RAMP],
    "bursts": [BURSTS],
    "sparse": [SPARSE],
    "four GPUs": [CONSTANT, SQUARE, RAMP, BURSTS],
}
SENSORS: dict[str, dict[str, object]] = {
    "counter": {},
    "counter, power refreshed every 0.1 s": {"refresh": 0.1},
    "power of the moment": {"counter": 0},
    "power averaged over 1 s": {"counter": 0, "instant": 0, "average": 1},
}
SECONDS = (0.3, 0.3, 1.05, 1.05, 1.05, 1.05, 5.05)
"""The windows. Averaged power takes windows of 10 s, so there is one more there."""

SCRIPT = f"""{TRACKER}
rows = []
with Metering([NvmlMeter()]) as metering:
    for seconds in SECONDS:
        window = metering.open(label())
        tracker.start_task()
        theirs_from_s = time.time()
        time.sleep(seconds)
        theirs_until_s = time.time()
        theirs = tracker.stop_task()
        rows.append([window.close(), theirs_from_s, theirs_until_s, theirs.gpu_energy * 3.6e6])
tracker.stop()
tell(rows)
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> FakeDriver:
    """Make a machine of the fake driver, with a program `nvidia-smi`, which codecarbon looks for."""
    found = compiler()
    if found is None:
        pytest.skip("no C compiler (cc, gcc or clang) to build the fake NVIDIA driver with")
    folder = tmp_path_factory.mktemp("machine")
    nvidia_smi = folder / "nvidia-smi"
    nvidia_smi.write_text("#!/bin/sh\n")
    nvidia_smi.chmod(0o755)
    return FakeDriver(build(found, folder), folder)


CASES = [
    (name, sensor)
    for sensor in SENSORS
    for name in MACHINES
    if sensor in ("counter", "power of the moment") or name in ("square", "four GPUs")
]


@pytest.mark.parametrize(("name", "sensor"), CASES)
def test_joules_against_the_truth(benchmark: Any, machine: FakeDriver, name: str, sensor: str) -> None:
    """Run all windows once. `tests/wattbench/meters/test_truth.py` asserts what wattbench claims."""
    waves = MACHINES[name]
    settings: dict[str, object] = {"gpus": len(waves), **SENSORS[sensor]}
    for gpu, wave in enumerate(waves):
        settings |= wave.settings(gpu)
    seconds = (*SECONDS, 10.05) if "averaged" in sensor else SECONDS
    path = {"PATH": f"{machine.driver.parent}{os.pathsep}{os.environ['PATH']}"}
    told = benchmark.pedantic(
        lambda: machine.run(SCRIPT.replace("SECONDS", repr(seconds)), path, timeout_s=120, **settings),
        rounds=1,
    )
    rows = [_row(waves, *window) for window in told]
    benchmark.extra_info["windows"] = rows
    print(f"\n\n{name}, {sensor}\n{HEADER}")
    for row in rows:
        print(_line(row))


HEADER = f"{'window':>8} {'truth':>10} {'wattbench':>10} {'error':>8} {'codecarbon':>11} {'error':>8}   wattbench says"


def _row(
    waves: list[Waveform], ours: dict[str, Any], theirs_from_s: float, theirs_until_s: float, theirs_j: float
) -> dict[str, Any]:
    truth_j = sum(wave.energy_j(ours["started_s"], ours["finished_s"]) for wave in waves)
    their_truth_j = sum(wave.energy_j(theirs_from_s, theirs_until_s) for wave in waves)
    ours_j = sum(ours["energy_j"].values()) if len(ours["energy_j"]) == len(waves) else None
    return {
        "seconds": ours["finished_s"] - ours["started_s"],
        "truth_j": truth_j,
        "wattbench_j": ours_j,
        "wattbench_error": None if ours_j is None else ours_j / truth_j - 1.0,
        "wattbench_valid": ours["valid"],
        "wattbench_reasons": ours["reasons"],
        "codecarbon_j": theirs_j,
        "codecarbon_error": theirs_j / their_truth_j - 1.0,
    }


def _line(row: dict[str, Any]) -> str:
    ours = "-" if row["wattbench_j"] is None else f"{row['wattbench_j']:.1f} J"
    error = "-" if row["wattbench_error"] is None else f"{row['wattbench_error']:+.2%}"
    said = "valid" if row["wattbench_valid"] else "INVALID"
    if row["wattbench_reasons"]:
        said += ": " + "; ".join(row["wattbench_reasons"])
    return (
        f"{row['seconds']:6.2f} s {row['truth_j']:8.1f} J {ours:>10} {error:>8} "
        f"{row['codecarbon_j']:9.1f} J {row['codecarbon_error']:+8.2%}   {said}"
    )
