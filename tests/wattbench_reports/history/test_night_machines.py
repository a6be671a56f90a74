"""Nights of several machines: each is judged by its own, and a new one is a break and no alarm."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.made_up.history_of_figures import day, history_of
from wattbench_reports.history import History, alarms, trends
from wattbench_reports.history.model import Trend, comparable
from wattbench_reports.history.night_changes import FOUR_WEEKS, night_changes
from wattbench_reports.history.night_machines import machine_of_night
from wattbench_reports.history.trends import watched
from wattbench_reports.site.series import Breaks

A, B = "a0" * 6, "b1" * 6
NIGHTS = 40


def figures(slower: NDArray[np.float64], systems: int = 3) -> dict[tuple[str, str, str], NDArray[np.float64]]:
    """Seconds and scores of some systems; the seconds of one times a factor for each night."""
    rng = np.random.default_rng(3)
    of_systems = {}
    for number in range(systems):
        name = f"system {number}"
        own = slower if number == 1 else np.ones(len(slower))  # machines do not slow all systems alike
        of_systems[name, "", "latency_p50"] = (1 + number) * own * np.exp(0.01 * rng.normal(size=len(slower)))
        of_systems[name, "", "accuracy"] = 0.7 + 0.005 * rng.normal(size=len(slower))
    return of_systems


def series(history: History, metric: str = "latency_p50", system: str = "system 1") -> Trend:
    (trend,) = [each for each in trends(history) if (each.system, each.metric) == (system, metric)]
    return trend


def taking_over(night: int) -> str:
    return A if night < 25 else B


def by_turns(night: int) -> str:
    return A if night % 2 else B


@pytest.mark.parametrize("node", [taking_over, by_turns])
def test_a_slower_machine_is_a_break_and_no_alarm(node: Callable[[int], str]) -> None:
    slower = np.array([1.3 if node(night) == B else 1.0 for night in range(NIGHTS)])
    history = history_of(figures(slower), node=node)
    assert all(not each.changes for each in trends(history))
    assert alarms(history) == ()
    trend = series(history)
    assert [point.node for point in trend.points] == [node(night) for night in range(NIGHTS)]
    broken = [not comparable(first, second) for first, second in pairwise(trend.points)]
    assert broken == [node(night) != node(night + 1) for night in range(NIGHTS - 1)]
    assert {each.word for each in Breaks(history).of(trend)} <= {"machine", "conditions"}


def test_without_names_the_same_nights_are_a_change() -> None:
    slower = np.array([1.3 if taking_over(night) == B else 1.0 for night in range(NIGHTS)])
    assert any(each.changes for each in trends(history_of(figures(slower))) if each.metric == "latency_p50")


def test_nights_are_compared_with_those_of_their_own_machine() -> None:
    slower = np.array([1.3 if by_turns(night) == B else 1.0 for night in range(NIGHTS)])
    history = history_of(figures(slower), node=by_turns)
    own = {(each.system, each.against): each for each in night_changes(history) if each.metric == "latency_p50"}
    weeks = own["system 1", FOUR_WEEKS]
    assert weeks.label == f"{NIGHTS // 2 - 1} nights from {day(1)} to {day(NIGHTS - 3)}"
    assert weeks.change == pytest.approx(0.0, abs=0.1)


def test_a_step_is_found_within_the_machines_by_turns() -> None:
    slower = np.array([1.3 if by_turns(night) == B else 1.0 for night in range(80)])
    stepped = figures(slower)
    stepped["system 1", "", "latency_p50"][60:] *= 1.4
    changes = series(history_of(stepped, node=by_turns)).changes
    assert changes
    assert all(change.shift == pytest.approx(0.4, abs=0.08) for change in changes)


def test_scores_are_one_series_over_all_machines() -> None:
    made = figures(np.ones(NIGHTS))
    made["system 1", "", "accuracy"][30:] -= 0.3
    history = history_of(made, node=by_turns)
    assert len(series(history, "accuracy").changes) == 1
    assert {point.node for point in series(history, "accuracy").points} == {""}
    of_metric = [(each.panel.metric, len(each.panel.trends), len(each.panel.nights)) for each in watched(history)]
    assert of_metric == [("accuracy", 3, NIGHTS), ("latency_p50", 3, NIGHTS // 2), ("latency_p50", 3, NIGHTS // 2)]


def test_on_the_first_night_of_a_new_machine_nothing_is_comparable() -> None:
    slower = np.array([1.0] * (NIGHTS - 1) + [1.3])
    history = history_of(figures(slower), node=lambda night: B if night == NIGHTS - 1 else A)
    changes = [each for each in night_changes(history) if each.metric == "latency_p50"]
    assert {each.state for each in changes} == {"not_comparable"}
    assert alarms(history) == ()


def test_nights_of_older_records_are_of_the_machine_that_is_named_next() -> None:
    names = ["", "", A, "", A, B, ""]
    history = history_of(figures(np.ones(len(names))), node=lambda night: names[night])
    assert [machine_of_night(history.nights)[each.run] for each in history.nights] == [A, A, A, A, A, B, B]
    one = history_of(figures(np.ones(4)), node=lambda night: ["", "", A, A][night])
    points = series(one).points
    assert all(comparable(first, second) for first, second in pairwise(points))
    assert {each.panel.metric: len(each.panel.trends) for each in watched(one)} == {"accuracy": 3, "latency_p50": 3}
