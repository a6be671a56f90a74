"""Windows that are not valid are counted by cause, whatever else is on their record."""

from __future__ import annotations

import pytest

from wattbench.meters import INTERRUPTED, Reading, WindowEvidence, judge
from wattbench.meters.contention.limits import LIMITS, Signal, find_contention
from wattbench.meters.hosts import not_measured
from wattbench.meters.windows.judge import UNWATCHED
from wattbench.records import WindowLabel
from wattbench_reports.metrics.validity import Validity, by_cause, cause_of

SHORT = "lasted 3.00 ms; the suite requires at least 5 s"


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_of_other_work_is_one_cause(signal: Signal) -> None:
    busy = find_contention({signal: LIMITS[signal].contended * 1.5}).contended
    assert cause_of([SHORT, *busy]) == "other work on this machine"
    remarked = find_contention({signal: (LIMITS[signal].remarked + LIMITS[signal].contended) / 2}).remarks
    assert cause_of([SHORT, *remarked]) == "too short"


def test_causes_of_reasons_as_they_are_written() -> None:
    assert cause_of([UNWATCHED]) == "other work on this machine"
    assert cause_of(["gpu0: foreign process 12 (<b>python</b>)"]) == "other work on this machine"
    assert cause_of([INTERRUPTED]) == "interrupted"
    assert cause_of([not_measured(["far"])]) == "no meter was read"
    assert cause_of(["gpu0: 3.00 ms is too short for a sensor that advances every 0.1 s (at least 1 s)"]) == "too short"
    assert cause_of(["gpu0: counter went backwards"]) == "readings of a meter"
    assert cause_of([]) == "not recorded"


def test_sensors_that_contradict_each_other_are_named_before_other_work() -> None:
    label = WindowLabel(window="w1", run="r", system="s", task="t", purpose="measured")
    half = [Reading(i / 10, {"gpu0": 15.0 * i}, {"gpu0": 300.0}) for i in range(101)]
    weak = [Reading(i / 10, power_w={"gpu0": 0.3 + i % 2 / 100}, use={"gpu0": 0.9, "gpu1": 0.0}) for i in range(101)]
    cool = [Reading(i / 10, power_w={"gpu0": 50.0 + i % 2 / 100}) for i in range(101)]
    away = [Reading(i / 10, power_w={"gpu0": 60.0 + i % 2 / 100}, use={"gpu0": 0.0, "gpu1": 1.0}) for i in range(101)]
    for readings in (half, weak, cool, away):
        row = judge(
            WindowEvidence(
                label=label, started_s=0.0, finished_s=10.0, readings=readings, idle_w={"gpu0": 60.0},
                provenance={"gpu0": "counter" if readings is half else "integrated"}, step_s={"gpu0": 0.1},
            )
        )  # fmt: skip
        assert not row.valid
        assert cause_of([*find_contention({Signal.CANARY: 9.0}).contended, *row.reasons]) == (
            "sensors that contradict each other"
        )


def test_causes_are_counted_over_systems() -> None:
    first = Validity("a", 9, 8, (("too short", 5), ("throttled", 3)))
    second = Validity("b", 9, 4, (("throttled", 4),))
    assert by_cause([first, second]) == "throttled: 7, too short: 5"
    assert by_cause([Validity("c", 9, 0, ())]) == ""
