"""Two systems on the same items: their difference, and its p-value against statsmodels and all settings of signs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from wattbench_reports.stats import mean_difference, paired_p_value
from wattbench_reports.stats import paired as module


def test_difference_is_agresti_and_min() -> None:
    # b = 9 items only the first got right, c = 3 only the second, of n = 100; half a pair added to each cell.
    first = np.array([1.0] * 9 + [0.0] * 3 + [1.0] * 88)
    second = np.array([0.0] * 9 + [1.0] * 3 + [1.0] * 88)
    interval = mean_difference(first, second)
    assert interval is not None
    n, b, c = 102, 9.5, 3.5
    centre = (b - c) / n
    half = 1.959964 * np.sqrt((b + c) - (b - c) ** 2 / n) / n
    assert interval.estimate == pytest.approx(0.06)
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_agreement_on_every_item_still_leaves_doubt() -> None:
    interval = mean_difference(np.ones(20), np.ones(20))
    assert interval is not None
    assert interval.low < 0 < interval.high


def test_no_items_no_difference() -> None:
    assert mean_difference(np.empty(0), np.empty(0)) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=40))
def test_any_scores_give_an_interval_around_the_difference(pairs: list[tuple[float, float]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    interval = mean_difference(first, second)
    assert interval is not None
    assert -1 <= interval.low <= interval.estimate + 1e-12
    assert interval.estimate - 1e-12 <= interval.high <= 1


Flags = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def outcomes(first_only: int, second_only: int, alike: int = 0) -> tuple[np.ndarray, np.ndarray]:
    first = np.array([True] * first_only + [False] * second_only + [True] * alike)
    return first, np.concatenate([~first[: first_only + second_only], first[first_only + second_only :]])


def p_by_all_signs(differences: np.ndarray) -> float:
    sums = [abs(float(np.dot(signs, differences))) for signs in product((-1, 1), repeat=len(differences))]
    return float(np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9))


@given(Flags)
def test_of_items_asked_once_it_is_mcnemars_exact_test(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    table = [[np.sum(first & second), np.sum(first & ~second)], [np.sum(~first & second), np.sum(~first & ~second)]]
    expected = mcnemar(table, exact=True).pvalue
    assert paired_p_value(first.astype(float), second.astype(float)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("first_only", "second_only", "p_value"),
    # By hand: 2 * (1 + 6) / 64 for one of six; 2 / 64 for none of six; an even split is no evidence at all.
    [(5, 1, 14 / 64), (6, 0, 2 / 64), (0, 6, 2 / 64), (3, 3, 1.0), (0, 0, 1.0)],
)
def test_worked_examples(first_only: int, second_only: int, p_value: float) -> None:
    first, second = outcomes(first_only, second_only, alike=7)
    assert paired_p_value(first.astype(float), second.astype(float)) == pytest.approx(p_value)


def test_no_items_no_test() -> None:
    assert paired_p_value(np.empty(0), np.empty(0)) is None


def test_what_is_not_item_by_item_is_refused() -> None:
    with pytest.raises(ValueError, match="item by item"):
        paired_p_value(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="without a score"):
        paired_p_value(np.array([1.0, np.nan]), np.ones(2))


@given(st.integers(2, 8), st.data())
@settings(max_examples=60)
def test_repeats_agree_with_all_settings_of_signs(repeats: int, data: st.DataObject) -> None:
    right = st.integers(0, repeats)
    pairs = data.draw(st.lists(st.tuples(right, right), min_size=1, max_size=9))
    first, second = (np.array(column) / repeats for column in zip(*pairs, strict=True))
    assert paired_p_value(first, second) == pytest.approx(p_by_all_signs(first - second), rel=1e-6)


def test_graded_scores_agree_with_all_settings_of_signs() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random(12), rng.random(12) ** 2
    assert paired_p_value(first, second) == pytest.approx(p_by_all_signs(first - second), abs=3 / 2**12)


def test_asking_again_does_not_make_more_items() -> None:
    first, second = outcomes(9, 2, alike=30)
    once = paired_p_value(first.astype(float), second.astype(float))
    # Ten repeats that all say the same are one mean per item: the test does not see that they were ten.
    often = paired_p_value(np.tile(first, (10, 1)).mean(axis=0), np.tile(second, (10, 1)).mean(axis=0))
    assert often == once


def test_the_normal_distribution_takes_over_without_a_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    first, second = rng.binomial(3, 0.5, 2000) / 3, rng.binomial(3, 0.47, 2000) / 3
    exact = paired_p_value(first, second)
    monkeypatch.setattr(module, "_MAX_WORK", 0)
    assert exact is not None
    assert 1e-4 < exact < 0.2
    assert paired_p_value(first, second) == pytest.approx(exact, rel=0.05)


def test_p_is_never_zero() -> None:
    p_value = paired_p_value(np.ones(5000), np.tile([0.0, 0.5], 2500))
    assert p_value is not None
    assert 0 < p_value < 1e-12


def test_false_alarms_keep_to_their_rate_over_repeats() -> None:
    rng = np.random.default_rng(6)
    alarms, trials = 0, 1000
    for _ in range(trials):
        hard = rng.beta(0.5, 0.5, 40)  # repeats of an item mostly agree
        p_value = paired_p_value(rng.binomial(4, hard) / 4, rng.binomial(4, hard) / 4)
        assert p_value is not None
        alarms += p_value <= 0.05
    # Binomial error of 1,000 trials: 0.05 ± 3 * 0.007. An exact test may alarm less often, not more.
    assert 0.02 <= alarms / trials <= 0.071
