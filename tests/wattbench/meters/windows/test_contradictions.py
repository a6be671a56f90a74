"""Sensors that contradict each other, and working ones that only seem to: simulated parts of known power."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from wattbench.meters import Reading, WindowEvidence, judge, usable_as_idle
from wattbench.meters.contention.limits import Signal
from wattbench.meters.contention.signals import Contention
from wattbench.records import WindowLabel, WindowRow

LABEL = WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")
QUIET = Contention(dict.fromkeys(Signal, 0.0), 4.0)
TICK_S = 0.001
BEFORE_S = 2.0

Watts = NDArray[np.float64]
Gain = Callable[[Watts], Watts]


def course(kind: str, seconds: float, rng: np.random.Generator) -> Watts:
    """The true power of a part, every millisecond."""
    at_s = np.arange(int(seconds / TICK_S)) * TICK_S + rng.uniform(0, 10)
    if kind == "steady":
        return np.full(len(at_s), 300.0)
    if kind == "idle":
        return 60.0 + rng.normal(0, 3, len(at_s))
    if kind == "square":
        return np.where(at_s % 0.7 < 0.35, 400.0, 60.0)
    if kind == "bursts":
        return np.where(at_s % 0.07 < 0.028, 400.0, 60.0)
    watts = np.empty(0)  # of requests: reading the prompt, writing the answer, a pause
    while len(watts) < len(at_s):
        spans = [
            (rng.uniform(20, 150), 650.0),
            (rng.uniform(300, 3000), rng.normal(350, 20)),
            (rng.uniform(5, 200), 120),
        ]
        watts = np.concatenate([watts, *(np.full(int(ticks), power_w) for ticks, power_w in spans)])
    return watts[: len(at_s)] + rng.normal(0, 15, len(at_s))


def sensed(watts: Watts, sensor: str, rng: np.random.Generator) -> Watts:
    """What its sensor says of that."""
    now, joined = np.arange(len(watts)), np.concatenate([[0.0], np.cumsum(watts)])
    if sensor == "of the moment":  # GA100 through nvmlDeviceGetPowerUsage
        return watts
    if sensor == "a mean over 1 s":  # Ampere and newer
        first = np.maximum(now - 1000, 0)
        return (joined[now] - joined[first]) / np.maximum(now - first, 1)
    phase = int(rng.integers(0, 100))  # A100 and H100 look at 25 ms of each 100
    last = np.maximum((now - phase) // 100 * 100 + phase, 25)
    return (joined[last] - joined[last - 25]) / 25.0


SENSORS = {"of the moment": 0.1, "a mean over 1 s": 1.0, "a quarter of the time": 0.1}


def window(kind: str, sensor: str, seconds: float, seed: int, gain: Gain = np.ones_like, **more: float) -> WindowRow:
    """A window of a counter that advances every 100 ms, read next to power at uneven times, its edges placed.

    Args:
        kind: of the course of power.
        sensor: of power.
        seconds: its length.
        seed: of all that is random.
        gain: what the counter multiplies joules by, over the window from 0 to 1.
        more: the power's own step.
    """
    rng = np.random.default_rng(seed)
    watts = course(kind, BEFORE_S + seconds + 1.0, rng)
    through = (np.arange(len(watts)) * TICK_S - BEFORE_S) / seconds
    joules = np.concatenate([[0.0], np.cumsum(watts * gain(through)) * TICK_S])
    shown_w, phase = sensed(watts, sensor, rng), int(rng.integers(0, 100))
    times_s = [BEFORE_S]
    while times_s[-1] < BEFORE_S + seconds:
        times_s.append(times_s[-1] + 0.1 * rng.uniform(0.5, 1.5))
    times_s[-1] = BEFORE_S + seconds
    readings = []
    for number, at_s in enumerate(times_s):
        tick = round(at_s / TICK_S)
        placed = tick if number in (0, len(times_s) - 1) else max((tick - phase) // 100 * 100 + phase, 0)
        readings.append(Reading(at_s, {"gpu0": float(joules[placed])}, {"gpu0": float(shown_w[tick])}))
    step_s = more.get("power_step_s", SENSORS[sensor])
    return judged(readings, (BEFORE_S, BEFORE_S + seconds), power_step_s={"gpu0": step_s})


def judged(
    readings: Sequence[Reading],
    span_s: tuple[float, float] = (0.0, 10.0),
    provenance: Mapping[str, str] | None = None,
    **more: object,
) -> WindowRow:
    provenance = provenance or {"gpu0": "counter"}
    evidence = WindowEvidence(
        label=LABEL, started_s=span_s[0], finished_s=span_s[1], readings=readings, provenance=provenance,
        step_s=dict.fromkeys(provenance, 0.1), limits_w=dict.fromkeys(provenance, 700.0), contention=QUIET,
    )  # fmt: skip
    return judge(replace(evidence, **more))  # type: ignore[arg-type]


def contradicted(row: WindowRow) -> bool:
    return any("sensors contradict each other" in reason for reason in row.reasons)


@pytest.mark.parametrize("seconds", [1.5, 10.0])
@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("kind", ["steady", "idle", "square", "bursts", "requests"])
def test_what_working_sensors_say_is_no_contradiction(kind: str, sensor: str, seconds: float) -> None:
    rows = [window(kind, sensor, seconds, seed) for seed in range(20)]
    assert [row.reasons for row in rows if contradicted(row)] == []


GAINS: Mapping[str, Gain] = {
    "half": lambda through: np.full_like(through, 0.5),
    "twice": lambda through: np.full_like(through, 2.0),
    "half from the middle on": lambda through: np.where(through > 0.5, 0.5, 1.0),
    "half for a third": lambda through: np.where((through > 0.3) & (through < 0.64), 0.5, 1.0),
    "a thousandth": lambda through: np.full_like(through, 1e-3),
}


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("gain", GAINS)
@pytest.mark.parametrize(("kind", "seconds"), [("steady", 10.0), ("requests", 60.0)])
def test_a_counter_that_power_contradicts_is_named_with_both_figures(
    kind: str, seconds: float, gain: str, sensor: str
) -> None:
    for seed in range(5):
        row = window(kind, sensor, seconds, seed, GAINS[gain])
        assert not row.valid
        if gain != "a thousandth":
            assert contradicted(row), row.reasons
        assert row.energy_j.keys() | row.check_energy_j.keys() == {"gpu0"}


def test_both_figures_are_in_the_reason_and_in_the_record() -> None:
    row = window("steady", "of the moment", 10.0, 1, GAINS["half"])
    assert row.reasons == [
        "gpu0: the counter gives 1.50 kJ and integrated power 3.00 kJ (+50%): its sensors contradict each other by "
        "more than the 30% that they may, and one of the two is wrong"
    ]
    assert row.energy_j["gpu0"] == pytest.approx(1500.0, rel=0.01)
    assert row.check_energy_j["gpu0"] == pytest.approx(3000.0, rel=0.01)


def test_power_of_another_scope_is_no_check_of_a_counter() -> None:
    row = window("steady", "of the moment", 10.0, 1, GAINS["twice"], power_step_s=float("inf"))
    assert row.valid
    assert row.reasons == ["gpu0: the counter gives 6.00 kJ and integrated power 3.00 kJ (-50%)"]


@pytest.mark.parametrize("fault", ["backwards", "still"])
def test_joules_by_power_stay_in_the_record_where_the_counter_has_none(fault: str) -> None:
    after = {"backwards": 10.0, "still": 1000.0}[fault]
    readings = [
        Reading(i / 10, {"gpu0": 1000.0 + 30.0 * i if i < 50 else after + (0.0 if fault == "still" else 30.0 * i)},
                {"gpu0": 300.0})
        for i in range(101)
    ]  # fmt: skip
    row = judged(readings)
    assert (row.valid, row.energy_j) == (False, {})
    assert row.check_energy_j == {"gpu0": pytest.approx(3000.0)}


def powered(watts: Mapping[str, float], use: Mapping[str, float]) -> list[Reading]:
    return [Reading(i / 10, power_w={c: w + i % 2 / 100 for c, w in watts.items()}, use=use) for i in range(101)]


@pytest.mark.parametrize(("watts", "use", "valid"), [(0.3, 0.9, False), (0.3, 0.0, True), (30.0, 0.9, True)])
def test_power_that_is_too_little_for_its_use_is_not_believed(watts: float, use: float, valid: bool) -> None:
    row = judged(powered({"gpu0": watts}, {"gpu0": use}), provenance={"gpu0": "integrated"})
    assert row.valid is valid
    assert row.energy_j == {"gpu0": pytest.approx(10 * watts, rel=0.05)}
    if not valid:
        assert row.reasons == [
            "gpu0: 305 mW on average cannot be true while in use for 90% of the time (at least 7 W, with a limit of "
            "700 W): is its sensor in another unit, or of another component?"
        ]


@pytest.mark.parametrize(("own_cpu_s", "valid"), [(9.0, False), (1.0, True)])
def test_a_package_of_busy_cores_draws_more_than_a_watt(own_cpu_s: float, valid: bool) -> None:
    readings = [Reading(i / 10, {"cpu": i * 0.03}) for i in range(101)]
    row = judged(readings, provenance={"cpu": "rapl"}, contention=replace(QUIET, own_cpu_s=own_cpu_s))
    assert row.valid is valid


@pytest.mark.parametrize(
    ("component", "watts", "use", "valid"),
    [
        ("gpu0", 50.0, 0.9, False),
        ("gpu0", 50.0, None, False),
        ("gpu0", 50.0, 0.1, True),  # it rested deeper than right after loading, as the system runs elsewhere
        ("gpu0", 57.0, 0.9, True),  # within what a sensor may be wrong by
        ("cpu", 50.0, None, True),  # its idle draw may hold other work
    ],
)
def test_a_gpu_under_load_draws_no_less_than_at_idle(
    component: str, watts: float, use: float | None, valid: bool
) -> None:
    readings = powered({component: watts}, {} if use is None else {component: use})
    row = judged(readings, provenance={component: "integrated"}, idle_w={component: 60.0})
    assert row.valid is valid
    if not valid:
        assert row.reasons == [
            "gpu0: 50.0 W under load is less than the 60.0 W with nothing asked: one of the two is wrong"
        ]


def test_an_idle_window_that_is_contradicted_is_not_subtracted() -> None:
    row = window("idle", "of the moment", 10.0, 1, GAINS["half"])
    idle = judged(
        [Reading(i / 10, {"gpu0": 3.0 * i}, {"gpu0": 60.0}) for i in range(101)],
        label=replace(LABEL, purpose="idle"),
    )
    assert contradicted(row) and contradicted(idle)
    assert not usable_as_idle(idle, "gpu0")


TWO = {"gpu0": "integrated", "gpu1": "integrated"}


def test_two_gpus_that_are_swapped_are_named() -> None:
    swapped = powered({"gpu0": 60.0, "gpu1": 300.0}, {"gpu0": 1.0, "gpu1": 0.0})
    row = judged(swapped, provenance=TWO, idle_w={"gpu0": 60.0, "gpu1": 60.0})
    assert row.reasons == [
        "gpu0 was in use for 100% of the time and drew 60.0 W, gpu1 was in use for 0% of the time and drew 300 W: the "
        "sensors of the two seem to be swapped"
    ]
    right = powered({"gpu0": 300.0, "gpu1": 60.0}, {"gpu0": 1.0, "gpu1": 0.0})
    assert judged(right, provenance=TWO, idle_w={"gpu0": 60.0, "gpu1": 60.0}).valid


@pytest.mark.parametrize(("use", "slots", "valid"), [(0.0, 0, False), (0.0, 1, True), (0.6, 0, True)])
def test_a_gpu_that_is_used_and_not_measured_is_named(use: float, slots: int, valid: bool) -> None:
    readings = powered({"gpu0": 60.0}, {"gpu0": use, "gpu1": 0.97})
    row = judged(readings, provenance={"gpu0": "integrated"}, co_runners=slots)
    assert row.valid is valid
    if not valid:
        assert row.reasons == [
            "gpu0 was in use for 0% of the time and drew 60.0 W, while gpu1, which is not measured, was in use by what "
            "cannot be seen: check CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER, or keep it free"
        ]
