"""What the last night's table says: sizes always, a change where nights allow one, and what is beyond all seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wattbench_reports.history.conftest import day
from wattbench_reports.gate.policy import NIGHT_POLICY
from wattbench_reports.history import History, NightChange, Reference, night_changes
from wattbench_reports.history.night_changes import beyond_all_seen

Maker = Callable[..., History]


def scattered(seed: int, count: int, level: float = 0.5, sd: float = 0.01) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0.0, sd, count))


def against(history: History, kind: str, system: str = "a", metric: str = "latency_p50") -> NightChange:
    [change] = [
        each
        for each in night_changes(history, NIGHT_POLICY)
        if (each.against, each.system, each.metric) == (kind, system, metric)
    ]
    return change


def test_a_threefold_slowdown_in_the_fifth_night_is_beyond_all_seen(in_memory: Maker) -> None:
    figures = np.array([1.0, 1.02, 0.99, 1.01, 3.0])
    history = in_memory({("a", "", "latency_p50"): figures})
    for change in (against(history, "previous"), against(history, "four_weeks")):
        assert change.state == "beyond_all_seen"
        assert change.worse
        assert change.low is None
        assert change.note == "too few nights (5 of 10): nothing could have been found"
    assert against(history, "previous").change == pytest.approx(3.0 / 1.01 - 1)
    assert against(history, "four_weeks").label == "4 nights from 2026-01-01 to 2026-01-04"


@pytest.mark.parametrize("later", range(1, 5))
def test_a_slow_night_does_not_hide_the_next_slow_one(in_memory: Maker, later: int) -> None:
    figures = np.array([1.0, 1.02, 0.99, 1.01, *[3.0] * (1 + later)])
    change = against(in_memory({("a", "", "latency_p50"): figures}), "four_weeks")
    assert change.state == "beyond_all_seen"


def test_after_ten_slow_nights_a_step_has_raised_its_alarm(in_memory: Maker) -> None:
    figures = np.concatenate([scattered(1, 4), 3 * scattered(2, 12)])
    states = [
        against(in_memory({("a", "", "latency_p50"): figures[:count]}), "four_weeks").state for count in range(5, 17)
    ]
    assert states[0] == "beyond_all_seen"
    assert "alarm" in states
    assert states.index("alarm") <= 6  # on the tenth night


def test_before_ten_nights_nothing_is_distinguished(in_memory: Maker) -> None:
    change = against(in_memory({("a", "", "latency_p50"): np.array([1.0, 1.02, 0.99, 1.01])}), "previous")
    assert change.state == "too_few_nights"
    assert change.note == "too few nights (4 of 10): nothing could have been found"
    assert (change.low, change.high, change.standard_errors) == (None, None, None)
    assert change.change == pytest.approx(1.01 / 0.99 - 1)


def test_a_change_has_its_interval_and_the_previous_night_less_to_say_than_four_weeks(in_memory: Maker) -> None:
    figures = scattered(3, 60)
    figures[-1] = 0.5 * 1.08
    history = in_memory({("a", "", "latency_p50"): figures})
    previous, weeks = against(history, "previous"), against(history, "four_weeks")
    for change in (previous, weeks):
        assert change.low < change.change < change.high
        assert change.state == "changed"
    assert weeks.high - weeks.low < previous.high - previous.low
    assert weeks.change == pytest.approx(0.08, abs=0.01)


def test_the_interval_of_a_change_holds_none_as_often_as_it_says(in_memory: Maker) -> None:
    held = []
    for seed in range(150):
        own = {("a", "", "latency_p50"): scattered(seed, 25), ("a", "", "ttft"): scattered(1000 + seed, 25)}
        changes = night_changes(in_memory(own), NIGHT_POLICY)
        held += [change.low <= 0 <= change.high for change in changes if change.against == "four_weeks"]
    assert np.mean(held) >= 0.92


def test_what_all_systems_moved_by_is_taken_off_and_noted(in_memory: Maker) -> None:
    busy = np.where(np.isin(np.arange(60), (20, 33, 41, 59)), 1.2, 1.0)
    history = in_memory({(name, "", "latency_p50"): scattered(seed, 60) * busy for seed, name in enumerate("abcd")})
    change = against(history, "previous")
    assert change.state == "not_distinguishable"
    assert change.change == pytest.approx(0.0, abs=0.05)
    assert "by which all systems moved up" in change.note
    assert change.now / change.before == pytest.approx(1.2, abs=0.04)


def test_other_conditions_are_not_comparable(in_memory: Maker) -> None:
    history = in_memory(
        {("a", "", "latency_p50"): scattered(1, 20)}, conditions=lambda night: "new" if night == 19 else "old"
    )
    [change] = night_changes(history, NIGHT_POLICY)
    assert (change.against, change.state, change.change, change.before) == ("previous", "not_comparable", None, None)


def test_the_reference_is_compared_too(in_memory: Maker) -> None:
    figures = np.concatenate([scattered(1, 30), scattered(2, 30, level=0.54)])
    reference = Reference("run-003", "the first release", "ann", day(4))
    change = against(in_memory({("a", "", "latency_p50"): figures}, reference=reference), "reference")
    assert change.label == str(day(3))
    assert change.change == pytest.approx(0.08, abs=0.03)
    assert change.state in ("changed", "alarm")


def test_the_worse_come_first_and_the_biggest_of_them(in_memory: Maker) -> None:
    figures = {(name, "", "latency_p50"): scattered(seed, 40) for seed, name in enumerate("abcdef")}
    figures["b", "", "latency_p50"][-1] = 0.5 * 1.5
    figures["d", "", "latency_p50"][-1] = 0.5 * 1.1
    figures["c", "", "latency_p50"][-1] = 0.5 * 0.6
    changes = night_changes(in_memory(figures), NIGHT_POLICY)
    worse = [change.worse for change in changes]
    assert worse == sorted(worse, reverse=True)
    assert [change.system for change in changes[:4]] == ["b", "b", "d", "d"]


def test_one_answer_more_or_less_is_no_change(in_memory: Maker) -> None:
    figures = np.full(40, 0.6)
    figures[-1] = 0.595
    change = against(in_memory({("a", "", "accuracy"): figures}, items=200), "previous", metric="accuracy")
    assert change.state == "not_distinguishable"
    assert change.worse


@given(st.lists(st.floats(-0.02, 0.02), min_size=2, max_size=40), st.floats(-0.05, 0.05))
def test_within_the_margin_nothing_is_beyond_all_seen(seen: list[float], now: float) -> None:
    assert not beyond_all_seen(np.array(seen), now, 0.1)


def test_what_was_seen_once_is_not_beyond_all_seen_again() -> None:
    seen = [0.0, 0.01, -0.01, 0.0, 0.5, 0.0]
    assert beyond_all_seen(np.array(seen[:4]), 0.5, 0.1)
    assert not beyond_all_seen(np.array(seen), 0.5, 0.1)


@given(st.integers(2, 9), st.floats(0.5, 10.0), st.integers(0, 9))
def test_what_is_beyond_stays_beyond_for_ten_nights(before: int, jump: float, nights: int) -> None:
    seen = np.array([0.0] * before + [jump] * nights)
    assert beyond_all_seen(seen, jump, 0.1)
    assert not beyond_all_seen(np.array([0.0] * before + [jump] * 10), jump, 0.1)
