from __future__ import annotations

import datetime
from collections.abc import Callable

import numpy as np
import pytest

from wattbench_reports.history import History, Trend, is_worse, trends

Maker = Callable[..., History]


def scattered(seed: int, count: int, level: float, *, sd: float = 0.01) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0.0, sd, count))


def the(found: tuple[Trend, ...], metric: str) -> Trend:
    [one] = [each for each in found if each.metric == metric]
    return one


def test_a_point_for_every_date_and_gaps_where_there_is_no_figure(in_memory: Maker) -> None:
    figures = scattered(1, 8, 0.5)
    figures[5] = np.nan
    [trend] = trends(in_memory({("a", "text", "latency_p50"): figures}, gaps=(2, 3)))
    first = datetime.date(2026, 1, 1)
    assert [point.date for point in trend.points] == [first + datetime.timedelta(days=day) for day in range(8)]
    assert [point.value is None for point in trend.points] == [False, False, True, True, False, True, False, False]
    assert [point.run for point in trend.points][1:6] == ["run-001", None, None, "run-004", "run-005"]
    assert (trend.unit, trend.changes) == ("s", ())
    assert trend.points[0].value == figures[0]
    assert trend.points[0].items == 200


def test_units(in_memory: Maker) -> None:
    one = np.ones(3)
    found = trends(
        in_memory({("a", "", name): one for name in ("accuracy", "ttft", "joules_per_correct", "output_tokens")})
    )
    assert {each.metric: each.unit for each in found} == {
        "accuracy": "share", "ttft": "s", "joules_per_correct": "J", "output_tokens": "tokens",
    }  # fmt: skip


def test_throughput_is_listed_and_not_watched(in_memory: Maker) -> None:
    figures = scattered(2, 120, 0.5)
    figures[60:] *= 2
    alone = trends(in_memory({("a", "", "latency_p50"): figures}))
    names = ("latency_p50", "requests_per_s", "output_tokens_per_s")
    found = trends(in_memory({("a", "", name): figures for name in names}))
    assert [(each.metric, each.unit, len(each.changes)) for each in found] == [
        ("latency_p50", "s", 1), ("output_tokens_per_s", "tokens/s", 0), ("requests_per_s", "requests/s", 0),
    ]  # fmt: skip
    assert found[0] == alone[0], "it takes nothing from the error rate of the others"
    assert [point.value for point in found[2].points] == figures.tolist()


def test_a_step_is_found_and_dated_over_gaps(in_memory: Maker) -> None:
    figures = scattered(2, 120, 0.5)
    figures[100:] *= 1.06
    quiet = {("b", "", "latency_p50"): scattered(3, 120, 2.0)}
    found = trends(in_memory({("a", "", "latency_p50"): figures, **quiet}, gaps=(10, 50, 51, 52)))
    assert [len(each.changes) for each in found] == [1, 0]
    [change] = found[0].changes
    assert abs((change.date - datetime.date(2026, 4, 11)).days) <= 1
    assert change.run == f"run-{(change.date - datetime.date(2026, 1, 1)).days:03}"
    assert change.before == pytest.approx(0.5, rel=0.01)
    assert change.after == pytest.approx(0.53, rel=0.01)
    assert change.shift == pytest.approx(0.06, abs=0.01)
    assert change.p_value <= 0.025


def test_accuracy_is_told_in_points(in_memory: Maker) -> None:
    figures = np.full(80, 0.6)
    figures[70:] = 0.55
    [trend] = trends(in_memory({("a", "", "accuracy"): figures}))
    [change] = trend.changes
    assert change.shift == pytest.approx(-0.05)
    assert (change.before, change.after) == (pytest.approx(0.6), pytest.approx(0.55))


def test_one_answer_of_few_is_no_change_of_accuracy(in_memory: Maker) -> None:
    """Two nights with one answer of 40 more: far beyond a noise of nothing, and no more than half an answer's twice."""
    figures = np.full(80, 0.6)
    figures[78:] = 0.625
    assert not trends(in_memory({("a", "", "accuracy"): figures}, items=40))[0].changes


def test_other_conditions_begin_a_series_anew(in_memory: Maker) -> None:
    figures = scattered(4, 120, 0.5)
    figures[60:] *= 1.5
    figures[100:] *= 1.1
    alike = in_memory({("a", "", "latency_p50"): figures})
    apart = in_memory({("a", "", "latency_p50"): figures}, conditions=lambda night: "one" if night < 60 else "two")
    assert len(trends(alike)[0].changes) == 2
    [change] = trends(apart)[0].changes
    assert change.before == pytest.approx(0.75, rel=0.01)  # the nights before the break are not asked


def test_of_many_series_each_must_show_more(in_memory: Maker) -> None:
    """The p-value is of all series and nights together, so the same step is less sure among more of them."""
    figures = scattered(5, 60, 0.5)
    figures[56:] *= 1.05
    alone = trends(in_memory({("a", "", "latency_p50"): figures}))
    many = {("a", str(place), "ttft"): scattered(100 + place, 60, 1.0) for place in range(23)}
    among = trends(in_memory({("a", "", "latency_p50"): figures, **many}))
    [one] = alone[0].changes
    [same] = [change for trend in among for change in trend.changes]
    assert same.date == one.date
    assert same.p_value == pytest.approx(24 * one.p_value)


def test_a_creep_is_called_one_and_what_goes_on_is_found_again(in_memory: Maker) -> None:
    figures = scattered(7, 365, 0.5) * np.exp(np.linspace(0.0, np.log(1.05), 365))
    [trend] = trends(in_memory({("a", "", "latency_p50"): figures}))
    assert {change.shape for change in trend.changes} == {"creep"}
    first, second, *_ = trend.changes
    assert first.date == datetime.date(2026, 1, 1)
    assert second.date == first.shown
    assert first.before == pytest.approx(0.5, rel=0.005)
    assert 0.015 < first.shift < 0.03


def test_later_nights_do_not_move_a_change(in_memory: Maker) -> None:
    figures = scattered(2, 140, 0.5)
    figures[100:] *= 1.06
    [short], [long] = (trends(in_memory({("a", "", "latency_p50"): figures[:count]})) for count in (104, 140))
    assert short.changes == long.changes != ()
    assert short.changes[0].shown is not None
    assert short.changes[0].shown <= datetime.date(2026, 4, 13)


def test_what_a_night_does_to_all_systems_is_no_change(in_memory: Maker) -> None:
    """A busy week doubles all seconds; one system is slower by 6% from its middle on."""
    busy = np.ones(120)
    busy[60:67] = 2.0
    figures = {(name, "", "latency_p50"): scattered(seed, 120, 0.5) * busy for seed, name in enumerate("abcde")}
    assert not [change for trend in trends(in_memory(figures)) for change in trend.changes]
    slower = figures["c", "", "latency_p50"].copy()
    slower[63:] *= 1.06
    shown = trends(in_memory(figures | {("c", "", "latency_p50"): slower}))
    [(name, change)] = [(trend.system, change) for trend in shown for change in trend.changes]
    assert (name, change.shift) == ("c", pytest.approx(0.06, abs=0.02))


def test_of_two_systems_the_change_of_one_is_not_the_others(in_memory: Maker) -> None:
    busy = np.ones(160)
    busy[40:50] = busy[80:90] = 1.3
    figures = {(name, "", "latency_p50"): scattered(seed, 160, 0.5) * busy for seed, name in enumerate("ab")}
    figures["a", "", "latency_p50"][120:] *= 0.9
    shown = trends(in_memory(figures))
    changed = {trend.system: trend.changes for trend in shown}
    assert changed["a"][-1].shift == pytest.approx(-0.1, abs=0.02)
    assert not changed["b"]


def test_a_figure_of_nothing_is_left_out_of_what_has_a_logarithm(in_memory: Maker) -> None:
    figures = scattered(6, 60, 5.0)
    figures[30] = 0.0
    [trend] = trends(in_memory({("a", "", "joules_per_request"): figures}))
    assert trend.points[30].value == 0.0
    assert not trend.changes


def test_no_nights_no_trends(in_memory: Maker) -> None:
    assert trends(in_memory({("a", "", "accuracy"): np.ones(3)}, gaps=(0, 1, 2))) == ()
    [trend] = trends(in_memory({("a", "", "accuracy"): np.ones(1)}))
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
