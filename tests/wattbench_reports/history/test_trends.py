from __future__ import annotations

import datetime

import numpy as np
import pytest

from tests.made_up.history_of_figures import day, history_of
from wattbench_reports.history import Trend, is_worse, trends
from wattbench_reports.history.trends import evidence_needed


def scattered(seed: int, count: int, level: float, *, sd: float = 0.01) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0.0, sd, count))


def the(found: tuple[Trend, ...], metric: str) -> Trend:
    [one] = [each for each in found if each.metric == metric]
    return one


def test_a_point_for_every_date_and_gaps_where_there_is_no_figure() -> None:
    figures = scattered(1, 8, 0.5)
    figures[5] = np.nan
    [trend] = trends(history_of({("a", "text", "latency_p50"): figures}, gaps=(2, 3)))
    first = datetime.date(2026, 1, 1)
    assert [point.date for point in trend.points] == [first + datetime.timedelta(days=day) for day in range(8)]
    assert [point.value is None for point in trend.points] == [False, False, True, True, False, True, False, False]
    assert [point.run for point in trend.points][1:6] == ["run-001", None, None, "run-004", "run-005"]
    assert (trend.unit, trend.changes) == ("s", ())
    assert trend.points[0].value == figures[0]
    assert trend.points[0].items == 200


def test_units() -> None:
    one = np.ones(3)
    found = trends(
        history_of({("a", "", name): one for name in ("accuracy", "ttft", "joules_per_correct", "output_tokens")})
    )
    assert {each.metric: each.unit for each in found} == {
        "accuracy": "share", "ttft": "s", "joules_per_correct": "J", "output_tokens": "tokens",
    }  # fmt: skip


def test_throughput_is_listed_and_not_watched() -> None:
    figures = scattered(2, 120, 0.5)
    figures[60:] *= 2
    alone = trends(history_of({("a", "", "latency_p50"): figures}))
    names = ("latency_p50", "requests_per_s", "output_tokens_per_s")
    found = trends(history_of({("a", "", name): figures for name in names}))
    assert [(each.metric, each.unit, len(each.changes)) for each in found] == [
        ("latency_p50", "s", 1), ("output_tokens_per_s", "tokens/s", 0), ("requests_per_s", "requests/s", 0),
    ]  # fmt: skip
    assert found[0] == alone[0], "it takes nothing from the error rate of the others"
    assert [point.value for point in found[2].points] == figures.tolist()


def test_a_step_is_found_and_dated_over_gaps() -> None:
    figures = scattered(2, 60, 0.5)
    figures[50:] *= 1.3
    quiet = {("b", "", "latency_p50"): scattered(3, 60, 2.0)}
    found = trends(history_of({("a", "", "latency_p50"): figures, **quiet}, gaps=(10, 30, 31, 51)))
    assert [len(each.changes) for each in found] == [1, 0]
    [change] = found[0].changes
    assert (change.date, change.run) == (day(50), "run-050")
    assert change.before == pytest.approx(0.5, rel=0.01)
    assert change.after == pytest.approx(0.65, rel=0.02)
    assert change.shift == pytest.approx(0.3, abs=0.03)
    assert change.limit == pytest.approx(0.1)
    assert (change.nights, change.shown) == (3, day(53))  # of the four dates one is a gap


def test_a_change_of_accuracy_is_in_points() -> None:
    figures = np.full(60, 0.6)
    figures[50:] = 0.45
    [trend] = trends(history_of({("a", "", "accuracy"): figures}))
    [change] = trend.changes
    assert (change.shift, change.limit) == (pytest.approx(-0.15), pytest.approx(0.05))
    assert (change.before, change.after) == (pytest.approx(0.6), pytest.approx(0.45))


def test_one_answer_of_few_is_no_change_of_accuracy() -> None:
    """Two nights with one answer of 40 more: far beyond a noise of nothing, and no more than half an answer's twice."""
    figures = np.full(80, 0.6)
    figures[78:] = 0.625
    assert not trends(history_of({("a", "", "accuracy"): figures}, items=40))[0].changes


def test_other_conditions_begin_a_series_anew() -> None:
    figures = scattered(4, 120, 0.5)
    figures[60:] *= 1.5
    figures[100:] *= 1.3
    alike = history_of({("a", "", "latency_p50"): figures})
    apart = history_of({("a", "", "latency_p50"): figures}, conditions=lambda night: "one" if night < 60 else "two")
    assert len(trends(alike)[0].changes) == 2
    [change] = trends(apart)[0].changes
    assert change.before == pytest.approx(0.75, rel=0.01)  # of the nights since the break


def test_of_many_series_each_must_show_more() -> None:
    """One in twenty years is for all series together, so the same step takes more nights among more of them."""
    figures = scattered(5, 60, 0.5)
    figures[50:] *= 1.15
    alone = trends(history_of({("a", "", "latency_p50"): figures}))
    many = {("a", str(place), "ttft"): scattered(100 + place, 60, 1.0) for place in range(23)}
    among = trends(history_of({("a", "", "latency_p50"): figures, **many}))
    [one] = alone[0].changes
    [same] = [change for trend in among for change in trend.changes]
    assert same.date == one.date == day(50)
    assert same.nights >= one.nights
    assert evidence_needed(0.05, 1, 0) == (pytest.approx(7300), pytest.approx(14600))
    assert evidence_needed(0.05, 6, 24) == (pytest.approx(6 * 14600), pytest.approx(24 * 14600))


def test_later_nights_do_not_move_a_change() -> None:
    figures = scattered(2, 60, 0.5)
    figures[40:] *= 1.3
    [short], [long] = (trends(history_of({("a", "", "latency_p50"): figures[:count]})) for count in (43, 60))
    assert short.changes == long.changes != ()


def test_a_change_back_is_a_change_for_the_better() -> None:
    figures = scattered(2, 60, 0.5)
    figures[30:45] *= 1.4
    [trend] = trends(history_of({("a", "", "latency_p50"): figures}))
    assert [(change.date, change.shift > 0) for change in trend.changes] == [(day(30), True), (day(45), False)]


def test_what_a_night_does_to_all_systems_is_no_change() -> None:
    """A busy week doubles all seconds; one system is three times as slow from its middle on."""
    busy = np.ones(60)
    busy[40:47] = 2.0
    figures = {(name, "", "latency_p50"): scattered(seed, 60, 0.5) * busy for seed, name in enumerate("abcde")}
    assert not [change for trend in trends(history_of(figures)) for change in trend.changes]
    slower = figures["c", "", "latency_p50"].copy()
    slower[43:] *= 3.0
    shown = trends(history_of(figures | {("c", "", "latency_p50"): slower}))
    [(name, change)] = [(trend.system, change) for trend in shown for change in trend.changes]
    assert (name, change.date) == ("c", day(43))
    assert change.shift == pytest.approx(5.0, abs=0.2)


def test_of_two_systems_the_change_of_one_is_not_the_others() -> None:
    figures = {(name, "", "latency_p50"): scattered(seed, 60, 0.5) for seed, name in enumerate("ab")}
    figures["a", "", "latency_p50"][40:] *= 0.7
    changed = {trend.system: trend.changes for trend in trends(history_of(figures))}
    assert changed["a"][-1].shift == pytest.approx(-0.3, abs=0.02)
    assert not changed["b"]


def test_a_figure_of_nothing_is_left_out_of_what_has_a_logarithm() -> None:
    figures = scattered(6, 60, 5.0)
    figures[30] = 0.0
    [trend] = trends(history_of({("a", "", "joules_per_request"): figures}))
    assert trend.points[30].value == 0.0
    assert not trend.changes


def test_no_nights_no_trends() -> None:
    assert trends(history_of({("a", "", "accuracy"): np.ones(3)}, gaps=(0, 1, 2))) == ()
    [trend] = trends(history_of({("a", "", "accuracy"): np.ones(1)}))
    assert len(trend.points) == 1


@pytest.mark.parametrize(
    ("metric", "shift", "worse"),
    [
        ("accuracy", -0.1, True), ("accuracy", 0.1, False), ("latency_p50", 0.1, True), ("latency_p50", -0.1, False),
        ("joules_per_correct", 0.1, True), ("output_tokens", 0.1, False), ("output_tokens", -0.1, False),
    ],
)  # fmt: skip
def test_what_is_worse(metric: str, shift: float, worse: bool) -> None:
    assert is_worse(metric, shift) is worse
