from __future__ import annotations

import time

import pytest

from wattbench.clock import now_s
from wattbench.meters.nvml.gpu_reader import Step, measure_steps, watch


def counting(step_s: float, watts: float = 100.0) -> float:
    """A counter of 100 W that advances every `step_s`."""
    return int(now_s() / step_s) * step_s * watts


def test_between_steps_power_is_taken_as_even() -> None:
    step = Step(at_s=10.0, before_j=50.0, after_j=60.0)
    assert step.energy_j(9.95, 0.1) == pytest.approx(55.0)
    assert step.energy_j(10.02, 0.1) == pytest.approx(62.0)


def test_or_as_it_was_read() -> None:
    step = Step(10.0, 50.0, 60.0, power=[(9.9, 140.0), (9.96, 20.0), (10.0, 20.0)])
    assert step.energy_j(9.96, 0.1) == pytest.approx(59.2)
    assert step.energy_j(10.05, 0.1) == pytest.approx(61.0)


def test_the_figure_stays_between_the_counts_that_enclose_it() -> None:
    step = Step(10.0, 50.0, 60.0, power=[(9.9, 1000.0)])
    assert step.energy_j(9.9, 0.1) == 50.0
    assert Step(10.0, 50.0, 60.0, power=[(9.9, -5.0)]).energy_j(10.1, 0.1) == 60.0


def test_a_watch_ends_with_the_step_it_waits_for() -> None:
    seen_j = counting(0.05)
    steps = watch(lambda _: counting(0.05), {"gpu0": seen_j}, 1.0, power=lambda _: 100.0)
    step = steps["gpu0"]
    assert step.seen_j == seen_j
    assert step.after_j > step.before_j >= seen_j
    assert now_s() - step.at_s < 0.5
    assert {watts for _, watts in step.power} == {100.0}


def test_a_watch_gives_up_on_what_does_not_step() -> None:
    counts_j = {"stuck": 5.0, "lost": None, "reset": 1.0}
    assert watch(counts_j.__getitem__, {"stuck": 5.0, "lost": 5.0, "reset": 5.0}, 0.02, power=lambda _: None) == {}


@pytest.mark.slow
@pytest.mark.alone
def test_steps_are_measured_and_a_stuck_counter_is_absent() -> None:
    def look(component: str) -> float:
        return counting(0.05) if component == "alive" else 7.0

    lengths_s = measure_steps(look, {"alive": counting(0.05), "stuck": 7.0}, 1.0)
    assert set(lengths_s) == {"alive"}
    assert lengths_s["alive"] == pytest.approx(0.05, abs=0.03)


@pytest.mark.slow
@pytest.mark.alone
def test_a_counter_that_steps_once_in_time_is_at_least_so_slow() -> None:
    started_s = now_s()
    assert measure_steps(lambda _: float(now_s() > started_s + 0.1), {"slow": 0.0}, 0.3) == {"slow": 0.3}


def test_a_step_that_was_seen_late_is_not_used_and_the_next_one_is() -> None:
    counts_j = iter([10.0, 10.0, 20.0])
    held_up = iter([0.0, 0.03, 0.0])  # the thread sleeps before the second look

    def look(_: str) -> float:
        count_j = next(counts_j)
        time.sleep(next(held_up))
        return count_j

    step = watch(look, {"gpu0": 0.0}, 1.0, power=lambda _: None, since_s=now_s() - 1.0)["gpu0"]
    assert (step.seen_j, step.before_j, step.after_j) == (0.0, 10.0, 20.0)
