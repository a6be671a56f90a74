"""A meter of the machine as a slot reads it: late, in parts, and with the faults of its sensor."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from wattbench.errors import UserError
from wattbench.meters import Reading
from wattbench.meters.base import MeterError
from wattbench.meters.slots import here
from wattbench.meters.slots.here import SharedMeter


@dataclass
class Played:
    """A meter whose readings a test gives."""

    readings: list[Reading | MeterError] = field(default_factory=list)
    name: str = "played"
    period_s: float = 0.1
    step_s: dict[str, float] = field(default_factory=lambda: {"cpu": 0.001})
    provenance: dict[str, str] = field(default_factory=lambda: {"cpu": "rapl"})

    def open(self) -> None: ...

    def close(self) -> None: ...

    def read(self) -> Reading:
        reading = self.readings.pop(0)
        if isinstance(reading, MeterError):
            raise reading
        return reading


@dataclass
class Half:
    """A book by which a slot has half of everything."""

    known_s: float = 1e9

    def refresh(self) -> None: ...

    def close(self) -> None: ...

    def wait_until(self, _: float) -> bool:
        return True

    def known_until_s(self) -> float:
        return self.known_s

    def behind(self) -> str:
        return "the slot of process 7"

    def part_j(self, component: str, energy_j: float, span_s: tuple[float, float], idle_w: float | None) -> float:
        return energy_j / 2

    def part_w(self, component: str, power_w: float, at_s: float, idle_w: float | None) -> float:
        return power_w / 2


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(here, "now_s", lambda: now[0])
    return now


def taken(meter: SharedMeter, clock: list[float], at_s: float) -> list[Reading]:
    clock[0] = at_s
    return meter.take()


def readings(*counts: tuple[float, float]) -> list[Reading | MeterError]:
    return [Reading(at_s, {"cpu": count_j}, {"cpu": 50.0}) for at_s, count_j in counts]


def test_counts_and_watts_are_this_slots_part(clock) -> None:
    meter = SharedMeter(Played(readings((0.0, 10.0), (1.0, 30.0), (2.0, 40.0))), Half(), frozenset({"cpu"}))
    meter.open()
    rows = [taken(meter, clock, at_s)[-1] for at_s in (0.05, 1.0, 2.0)]
    assert [row.energy_j["cpu"] for row in rows] == [0.0, 10.0, 15.0]
    assert [row.power_w["cpu"] for row in rows] == [25.0] * 3


def test_a_reading_waits_until_all_slots_have_said_what_they_used(clock) -> None:
    book = Half()
    meter = SharedMeter(Played(readings((0.0, 10.0), (1.0, 30.0))), book, frozenset({"cpu"}))
    meter.open()
    meter.take()
    book.known_s = 0.9
    assert taken(meter, clock, 1.0) == []
    book.known_s = 1.0
    assert [row.at_s for row in taken(meter, clock, 1.05)] == [1.0]


def test_a_slot_that_hangs_makes_a_gap_that_names_it(clock) -> None:
    book = Half()
    meter = SharedMeter(Played(readings((0.0, 10.0), (1.0, 30.0), (7.0, 90.0))), book, frozenset({"cpu"}))
    meter.open()
    meter.take()
    book.known_s = 0.5
    taken(meter, clock, 1.0)
    [gap] = taken(meter, clock, 7.0)
    assert gap.gaps["cpu"] == "the slot of process 7 did not say for 6.5 s what it uses of the processor"
    book.known_s = 8.0
    [after] = taken(meter, clock, 7.05)
    assert after.energy_j["cpu"] == 40.0  # what was drawn meanwhile is not lost


def test_a_stuck_sensor_is_a_gap_though_a_part_may_be_nothing(clock) -> None:
    meter = SharedMeter(Played(readings(*((t / 2, 10.0) for t in range(5)))), Half(), frozenset({"cpu"}))
    meter.open()
    rows = [row for t in range(1, 5) for row in taken(meter, clock, t / 2)]
    assert "stood still for 1.5 s" in rows[-2].gaps["cpu"]
    assert "cpu" not in rows[-1].energy_j
    assert "cpu" in rows[1].energy_j


def test_a_failed_reading_stays_a_gap(clock) -> None:
    meter = SharedMeter(Played([*readings((0.0, 1.0)), MeterError("no such file")]), Half(), frozenset({"cpu"}))
    meter.open()
    assert taken(meter, clock, 1.0)[-1].gaps == {"cpu": "no such file"}


@pytest.mark.parametrize(
    ("component", "provenance", "name", "message"),
    [
        ("wall", "counter", "external (wall)", "holds the joules of the GPUs of all slots"),
        ("psu0", "integrated", "external (psu0)", "holds the joules of the GPUs of all slots"),
        ("cpu", "replayed", "replay", "replayed from a recording"),
        ("gpu0", "counter", "amdsmi", "a slot is of NVIDIA GPUs"),
    ],
)
def test_what_cannot_be_given_out_is_refused(component, provenance, name, message) -> None:
    meter = Played(name=name, step_s={component: 0.1}, provenance={component: provenance})
    with here.measuring_as(Half()), pytest.raises(UserError, match=message):
        here.in_slot([meter])


def test_only_what_slots_share_is_converted() -> None:
    gpu = Played(step_s={"gpu0": 0.1}, provenance={"gpu0": "counter"})
    far = Played(step_s={"cpu@alpha": 0.1}, provenance={"cpu@alpha": "rapl"})
    cpu = Played()
    with here.measuring_as(Half()):
        first, second, third = here.in_slot([gpu, far, cpu])
    assert (first, second) == (gpu, far)
    assert isinstance(third, SharedMeter)
    assert third.step_s == {"cpu": 0.25}  # no finer than the grid of the shares
    assert here.in_slot([cpu]) == [cpu]  # without a slot
