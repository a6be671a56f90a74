"""Faults injected one by one into the fake driver, and the reason in which each ends: none in a silent number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.driver import FakeDriver, Process, results_of

pytestmark = [pytest.mark.slow, pytest.mark.alone]

INVALID, REMARK = False, True

FAULTS: dict[str, tuple[dict[str, object], dict[str, str], str, str, bool]] = {
    # what goes wrong: the machine, its environment, what happens in the window, the reason, is it valid still
    "read errors throughout": ({"counter": 0}, {}, "alter(fail=999)", "gpu0: meter lost", INVALID),
    "reads fail for a while": (
        {"counter": 0}, {}, "alter(fail=999); time.sleep(1.7); alter(fail=0)", "gpu0: not read for", INVALID,
    ),
    "reads fail from the start": ({}, {}, "", "gpu0: could not be read", INVALID),
    "lost device": ({"gpus": 2}, {}, "alter(gpu1__fail=15)", "gpu1: meter lost", INVALID),
    "lost for a moment": (
        {}, {}, "alter(fail=15); time.sleep(0.4); alter(fail=0)", "gpu0: the device was lost", INVALID,
    ),
    "a GPU appears": (
        {}, {}, "alter(gpus=2)", "(GPU-00000011-fake-fake-fake-000000000000) appeared in mid-run", INVALID,
    ),
    "a GPU goes": (
        {"gpus": 2}, {}, "alter(gpus=1)", "gpu1: Fake H100 (GPU-00000011-fake-fake-fake-000000000000) is gone", INVALID,
    ),
    "fewer left": ({"gpus": 2}, {}, "alter(gpu1__fail=15)", "fewer GPUs than expected: 1 of 2", INVALID),
    "fewer than named": (
        {"gpus": 3}, {"CUDA_VISIBLE_DEVICES": "0,1,2,3"}, "",
        "fewer GPUs than expected: CUDA_VISIBLE_DEVICES names 4, but 3 can be used", INVALID,
    ),
    "fewer than the suite's": (
        {"gpus": 3}, {}, "", "fewer GPUs than expected: the suite expects 4, but 3 can be used", INVALID,
    ),
    "counter reset": ({}, {}, "alter(reset=time.time())", "gpu0: counter went backwards", INVALID),
    "stuck counter": ({}, {}, "alter(stuck=1)", "gpu0: counter", INVALID),
    "stuck power": ({"counter": 0}, {}, "", "a stuck sensor would look the same", REMARK),
    "throttled": ({}, {}, "alter(clocks=0x20)", "gpu0: throttled (thermal, by software)", INVALID),
    "power-capped": ({}, {}, "alter(clocks=0x04)", "gpu0: power-capped", INVALID),
    "foreign process": ({}, {}, "alter(pids=os.getppid())", "gpu0: foreign process", INVALID),
    "slow sensor": ({"step": 0.6}, {}, "", "too short for a sensor that advances every 0.", INVALID),
    "averaging sensor": (
        {"counter": 0, "instant": 0, "capability": "9.0"}, {}, "",
        "too short for a sensor that advances every 1 s", INVALID,
    ),
    "temperature drift": ({}, {}, "alter(celsius=75)", "gpu0: temperature drifted by +25", INVALID),
    "counter jumps": ({}, {}, "alter(jump=1e9)", "gpu0: counter jumped by 1e+09 J", INVALID),
    "register of ones": (
        {"counter": 0}, {}, "alter(raw=4294967295)", "such as 4.29497e+06 W (limit 1400 W", INVALID,
    ),
    "0 W beside a counter": ({}, {}, "alter(raw=0)", "such as 0 W (whatever is in use draws", INVALID),
    "counter and power disagree": ({"gain": 0.8}, {}, "", "gpu0: the counter gives", REMARK),
    "power at half the counter": ({"gain": 0.5}, {}, "", "sensors contradict each other", INVALID),
    "power at twice the counter": ({"gain": 2.0}, {}, "", "sensors contradict each other", INVALID),
    "counter at half from mid-run on": (
        {}, {}, "alter(count_gain=0.5, count_gain_at=time.time())", "sensors contradict each other", INVALID,
    ),
    "counter at four times its power for a while": (
        {}, {}, "alter(count_gain=4, count_gain_at=time.time(), count_gain_until=time.time() + 1.1)",
        "sensors contradict each other", INVALID,
    ),
    "kilowatts for watts": ({"raw": 300}, {}, "", "sensors contradict each other", INVALID),
    "kilowatts for watts without a counter": (
        {"raw": 300, "counter": 0, "use": 90}, {}, "",
        "gpu0: 300 mW on average cannot be true while in use for 90% of the time (at least 7 W", INVALID,
    ),
    "kilojoules for joules": ({"count_gain": 0.001}, {}, "", "cannot be true", INVALID),
    "the counter of one GPU and the power of the other": (
        {"gpus": 2, "gpu0__watts": 300, "gpu1__watts": 100, "gpu0__gain": 0.3333, "gpu1__gain": 3}, {}, "",
        "gpu1: the counter gives", INVALID,
    ),
    "another GPU than the one measured": (
        {"gpus": 2, "gpu0__use": 0, "gpu1__use": 100}, {"CUDA_VISIBLE_DEVICES": "0"}, "",
        "while gpu1, which is not measured, was in use by what cannot be seen", INVALID,
    ),
    "an own process on a GPU that is not measured": (
        {"gpus": 2}, {"CUDA_VISIBLE_DEVICES": "0"}, "alter(gpu1__pids=os.getpid())",
        "gpu1 (GPU-00000011-fake-fake-fake-000000000000), which is not measured: process ", INVALID,
    ),
    "the counter of a module and the power of its GPU": ({"module": 200}, {}, "", "gpu0: the counter gives", REMARK),
}  # fmt: skip

SCRIPT = """
from wattbench.config import NvmlSettings
meter = NvmlMeter(settings=NvmlSettings(use="nvml", gpus={gpus}))
with Metering([meter]) as metering:
    {before}
    window = metering.open(label())
    time.sleep(1.2)
    {act}
    time.sleep(1.5)
    tell(window.close())
"""


@pytest.fixture(scope="module")
def windows(fake_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, dict[str, Any]]:
    """The window in which each fault happened."""
    machines = {fault: tmp_path_factory.mktemp("machine") for fault in FAULTS}
    return results_of(
        {fault: partial(_start, fault, FakeDriver(fake_library, folder)) for fault, folder in machines.items()},
        at_once=4,
    )


def _start(fault: str, driver: FakeDriver) -> Process:
    settings, environ, act, _, _ = FAULTS[fault]
    script = SCRIPT.format(
        gpus=4 if fault == "fewer than the suite's" else None,
        before="alter(fail=999)" if fault == "reads fail from the start" else "pass",
        act=act or "pass",
    )
    return driver.start(script, environ, **settings)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_its_reason(windows: Mapping[str, dict[str, Any]], fault: str) -> None:
    *_, expected, valid = FAULTS[fault]
    row = windows[fault]
    assert any(expected in reason for reason in row["reasons"]), row["reasons"]
    assert row["valid"] is valid


@pytest.mark.parametrize(
    "part",
    [
        {"gpu2__use": 97, "gpu0__use": 60},  # a stranger on another
        {"instant": 0, "capability": "8.0"},  # GA100: nvmlDeviceGetPowerUsage is of the moment
        {"instant": 0, "average": 1},  # others: it is a mean over a second
        {"refresh": 0.1},
    ],
)
def test_without_a_fault_there_is_no_reason(driver: Any, part: dict[str, object]) -> None:
    usable = 1 if "instant" in part else 2
    script = SCRIPT.format(gpus=usable, before="pass", act="pass")
    row = driver.run(script, {"CUDA_VISIBLE_DEVICES": "0,1"[: 2 * usable - 1]}, gpus=3, **part)
    assert row["reasons"] == []
    assert row["valid"]


@pytest.mark.parametrize(
    ("settings", "wanted", "said", "step_s"),
    [
        ({}, "auto", "energy counter; instantaneous power (field 186)", 0.1),
        ({"average_field": 1}, "average", "energy counter; power averaged over 1 s (field 185)", 0.1),
        ({"counter": 0}, "auto", "instantaneous power (field 186)", 0.1),
        ({"counter": 0, "instant": 0, "average_field": 1}, "auto", "power averaged over 1 s (field 185)", 1.0),
        (
            {"counter": 0, "instant": 0, "capability": "9.0"}, "auto",
            "power, averaged over 1 s on this part (nvmlDeviceGetPowerUsage)", 1.0,
        ),
        (
            {"counter": 0, "instant": 0, "capability": "8.0"}, "auto",
            "power, instantaneous on this part (nvmlDeviceGetPowerUsage)", 0.1,
        ),
    ],
)  # fmt: skip
def test_what_is_read_is_said_by_name(
    driver: Any, settings: dict[str, object], wanted: str, said: str, step_s: float
) -> None:
    script = f"""
from wattbench.config import NvmlSettings
meter = NvmlMeter.from_settings(NvmlSettings(use="nvml", power="{wanted}"))
tell([meter.reads, meter.step_s])
"""
    reads, steps_s = driver.run(script, **settings)
    assert reads == {"gpu0": said}
    if "counter" in settings:
        assert steps_s == {"gpu0": step_s}


def test_a_power_figure_that_the_part_lacks_is_refused(driver: Any) -> None:
    script = """
from wattbench.config import NvmlSettings
try:
    NvmlMeter.from_settings(NvmlSettings(use="nvml", power="instant"))
except MeterError as error:
    tell(str(error))
"""
    assert "does not report its instant power (field 186)" in driver.run(script, instant=0)


IDLE = """
with Metering([NvmlMeter()]) as metering:
    idle = metering.open(label("idle"))
    time.sleep(1.2)
    before = idle.close()
    alter(watts={loaded})
    window = metering.open(label())
    time.sleep(1.2)
    tell(window.close(idle_w={{c: j / before.duration_s for c, j in before.energy_j.items()}}))
"""


@pytest.mark.parametrize(("loaded", "use", "valid"), [(50, 90, False), (50, 0, True), (120, 90, True)])
def test_idle_above_load_is_not_believed_of_a_gpu_in_use(driver: Any, loaded: int, use: int, valid: bool) -> None:
    row = driver.run(IDLE.format(loaded=loaded), watts=60, use=use, counter=0)
    assert row["valid"] is valid
    assert any("under load is less than the 60" in reason for reason in row["reasons"]) is not valid
