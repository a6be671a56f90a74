"""Reported joules against the true ones, over waveforms, numbers of GPUs and sensors, through the real binding.

Every machine runs in a process of its own, several at once: they mostly sleep.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.driver import FakeDriver, Process, results_of
from tests.fakes.waveform import BURSTS, CONSTANT, RAMP, SQUARE, WAVEFORMS, Waveform

pytestmark = [pytest.mark.slow, pytest.mark.alone]

WINDOWS = """
with Metering([NvmlMeter()]) as metering:
    rows = []
    long = metering.open(label())
    for seconds in SECONDS:
        window = metering.open(label())
        time.sleep(seconds)
        rows.append(window.close())
    time.sleep(max(0.0, LONGEST - long.elapsed_s))
    rows.append(long.close())
tell(rows)
"""
"""Short windows, one after the other, inside a long one."""

SENSORS: dict[str, dict[str, object]] = {
    "counter": {},
    "counter without power": {"power": 0},
    "counter, averaged power": {"instant": 0, "average": 1},
    "integrated": {"counter": 0},
    "averaged": {"counter": 0, "instant": 0, "average": 1},
}
"""What the part has: an energy counter (in steps of 0.1 s), its power of the moment, or its mean over a second."""

MACHINES: dict[str, list[Waveform]] = {
    "constant": [CONSTANT],
    "square": [SQUARE],
    "ramp": [RAMP],
    "bursts": [BURSTS],
    "four": [CONSTANT, SQUARE, RAMP, BURSTS],
}
"""The waveform of each GPU."""

CASES = [(sensor, machine) for sensor in SENSORS for machine in MACHINES if machine == "four" or sensor != "averaged"]

AT_ONCE = 6
"""More of them, on two cores, would hold one another up at the edges of their windows."""

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def measured_once(fake_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Rows]:
    return _measured(fake_library, tmp_path_factory)


@pytest.fixture
def measured(
    measured_once: Mapping[tuple[str, str], Rows], request: pytest.FixtureRequest, fake_library: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[tuple[str, str], Rows]:  # fmt: skip
    """The windows of every case, measured anew where a test runs again: a busy machine may hold one up."""
    run_again = getattr(request.node, "execution_count", 1) > 1
    return _measured(fake_library, tmp_path_factory) if run_again else measured_once


def _measured(fake_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], Rows]:
    """Measure 0.4 s, 0.4 s, 1.05 s three times, and 5 s around them (10.5 s for averaged power), of every case."""
    machines = {case: tmp_path_factory.mktemp("machine") for case in CASES}
    return results_of(
        {case: partial(_start, case, FakeDriver(fake_library, folder)) for case, folder in machines.items()},
        at_once=AT_ONCE,
    )


def _start(case: tuple[str, str], driver: FakeDriver) -> Process:
    sensor, machine = case
    waves = MACHINES[machine]
    settings: dict[str, object] = {"gpus": len(waves), **SENSORS[sensor]}
    for gpu, wave in enumerate(waves):
        settings |= wave.settings(gpu)
    script = WINDOWS.replace("SECONDS", "(0.4, 1.05, 0.4, 1.05, 1.05)")
    script = script.replace("LONGEST", "10.5" if sensor == "averaged" else "5.2")
    return driver.start(script, **settings)


def errors(row: dict[str, Any], waves: list[Waveform]) -> list[float]:
    """Each GPU's joules against the truth, as a share of it."""
    truths_j = [wave.energy_j(row["started_s"], row["finished_s"]) for wave in waves]
    return [row["energy_j"][f"gpu{gpu}"] / truth_j - 1.0 for gpu, truth_j in enumerate(truths_j)]


def duration_s(row: dict[str, Any]) -> float:
    return float(row["finished_s"] - row["started_s"])


@pytest.mark.parametrize(("sensor", "machine"), [case for case in CASES if case[0].startswith("counter")])
def test_counted_joules_are_true(measured: Mapping[tuple[str, str], Rows], sensor: str, machine: str) -> None:
    enough = [row for row in measured[sensor, machine] if duration_s(row) >= 1.0]
    for row in measured[sensor, machine]:
        if row not in enough:
            assert any("is too short for a sensor that advances every" in reason for reason in row["reasons"])
            assert not row["valid"]
            continue
        assert set(row["provenance"].values()) == {"counter"}
        within = 0.01 if duration_s(row) >= 5.0 else 0.05
        if machine == "four" and sensor != "counter":
            # Four counters step at four moments; where nothing tells the power of the moment, only long windows do.
            assert row["valid"] is (duration_s(row) >= 5.0)
            within = 0.04 if row["valid"] else 1.0
        else:
            assert row["valid"] or missed_bursts(row, MACHINES[machine]), row["reasons"]
        assert errors(row, MACHINES[machine]) == pytest.approx([0.0] * len(MACHINES[machine]), abs=within)
    assert any(row["valid"] for row in enough)


def missed_bursts(row: dict[str, Any], waves: list[Waveform]) -> bool:
    """Whether a window is invalid only because looks at power, held up by a busy machine, fell between the bursts."""
    bursting = {f"gpu{gpu}" for gpu, wave in enumerate(waves) if wave is BURSTS}
    contradicted = {reason.split(":")[0] for reason in row["reasons"] if "its sensors contradict each other" in reason}
    return bool(contradicted) and contradicted <= bursting


@pytest.mark.parametrize("machine", MACHINES)
def test_integrated_joules_are_true_or_the_window_says_that_they_are_not(
    measured: Mapping[tuple[str, str], Rows], machine: str
) -> None:
    for row in measured["integrated", machine]:
        if duration_s(row) < 1.0:
            assert not row["valid"]
        if not row["valid"]:
            continue
        for gpu, error in enumerate(errors(row, MACHINES[machine])):
            said = stated(row, f"gpu{gpu}")
            assert abs(error) <= max(said, 0.01), (row["reasons"], error)
            assert said <= 0.05
    long = measured["integrated", machine][-1]
    if machine in ("constant", "ramp"):
        assert long["valid"], long["reasons"]
    if machine in ("bursts", "four"):
        assert not long["valid"]


def test_power_averaged_over_a_second_takes_ten_seconds_and_says_how_far_off_it_may_be(
    measured: Mapping[tuple[str, str], Rows],
) -> None:
    *short, long = measured["averaged", "four"]
    assert all(any("advances every 1 s (at least 10 s)" in r for r in row["reasons"]) for row in short)
    for gpu, error in enumerate(errors(long, MACHINES["four"])):
        assert abs(error) <= max(stated(long, f"gpu{gpu}"), 0.01), (long["reasons"], error)
    assert stated(long, "gpu0") == 0.0
    assert errors(long, MACHINES["four"])[0] == pytest.approx(0.0, abs=0.01)


def stated(row: dict[str, Any], component: str) -> float:
    """The error that a window states for a component's integral; 0 where it states none."""
    for reason in row["reasons"]:
        if reason.startswith(f"{component}: power changed faster"):
            return float(reason.rsplit(" ", 1)[1].removesuffix("%")) / 100.0
    return 0.0


COUNTS = """
import pynvml
pynvml.nvmlInit()
handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
def look(handle):
    before = time.time()
    count = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    watts = pynvml.nvmlDeviceGetPowerUsage(handle)
    return before, count / 1000, watts / 1000, time.time()
first = [look(handle) for handle in handles]
time.sleep(1.234)
tell([[a, look(handle)] for a, handle in zip(first, handles)])
"""


def test_the_driver_counts_what_the_waveforms_say(driver: FakeDriver) -> None:
    step_s = 0.02
    settings: dict[str, object] = {"gpus": len(WAVEFORMS), "step": step_s}
    for gpu, wave in enumerate(WAVEFORMS.values()):
        settings |= wave.settings(gpu)
    for wave, (first, last) in zip(WAVEFORMS.values(), driver.run(COUNTS, **settings), strict=True):
        # Each count stands as at some moment of the step before it was read.
        most_j = wave.energy_j(first[0] - step_s, last[3]) + 0.002
        least_j = wave.energy_j(first[3], last[0] - step_s) - 0.002
        assert least_j <= last[1] - first[1] <= most_j


waveforms = st.builds(
    Waveform,
    kind=st.sampled_from(["constant", "square", "ramp"]),
    watts=st.floats(100, 700),
    low=st.floats(0, 100),
    period=st.floats(0.01, 5),
    duty=st.floats(0.05, 0.95),
)


@given(wave=waveforms, from_s=st.floats(1.7e9, 1.8e9), seconds=st.floats(0.01, 20))
def test_the_integral_is_that_of_the_power(wave: Waveform, from_s: float, seconds: float) -> None:
    steps = 2_000
    sum_j = sum(wave.power_w(from_s + (i + 0.5) * seconds / steps) for i in range(steps)) * seconds / steps
    jumps = seconds / wave.period * 2 + 2
    assert wave.energy_j(from_s, from_s + seconds) == pytest.approx(
        sum_j, abs=wave.watts * seconds / steps * jumps + 1e-3 * wave.watts
    )
