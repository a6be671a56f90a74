"""Joules per correct answer of two systems over items drawn again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from wattbench_reports.comparison.joule_draws import over_items
from wattbench_reports.stats.budgets import RESAMPLES

Sums = tuple[np.ndarray, np.ndarray]


def compared(first: Sums, second: Sums) -> tuple[float, float]:
    """The probability that the first is lower, and the p-value."""
    return over_items(*(np.column_stack(columns) for columns in zip(first, second, strict=True))).compared(0, 1)


def probability_lower(first: Sums, second: Sums) -> float:
    return compared(first, second)[0]


def test_a_system_against_itself_is_a_coin() -> None:
    rng = np.random.default_rng(0)
    same = (rng.random(50), rng.integers(0, 2, 50).astype(float))
    assert probability_lower(same, same) == 0.5


def test_pairing_takes_out_what_both_share() -> None:
    # Items differ by a factor of a hundred, the systems by 2%: only pairing can see it.
    joules = np.geomspace(1, 100, 200)
    correct = np.ones(200)
    assert probability_lower((joules, correct), (1.02 * joules, correct)) == 1


def test_the_two_directions_add_up() -> None:
    rng = np.random.default_rng(2)
    first = (rng.random(40), rng.integers(0, 2, 40).astype(float))
    second = (rng.random(40), rng.integers(0, 2, 40).astype(float))
    assert probability_lower(first, second) + probability_lower(second, first) == pytest.approx(1)


def test_one_item_shows_no_spread() -> None:
    assert probability_lower((np.ones(1), np.ones(1)), (np.full(1, 9.0), np.ones(1))) == 0.5
    assert compared((np.ones(1), np.ones(1)), (np.full(1, 9.0), np.ones(1)))[1] == 1.0


def test_few_items_are_drawn_with_their_full_spread() -> None:
    # The ratio of two sums of n - 1 drawn items of n has the unbiased spread that a t test has.
    rng = np.random.default_rng(3)
    ratio = 1 + 0.1 * rng.normal(size=6)
    share = probability_lower((ratio, np.ones(6)), (np.ones(6), np.ones(6)))
    errors = (ratio.mean() - 1) / (ratio.std(ddof=1) / np.sqrt(6))
    assert share == pytest.approx(norm.cdf(-errors), abs=0.03)


def test_never_correct_is_never_lower() -> None:
    ones, zeros = np.ones(10), np.zeros(10)
    assert probability_lower((ones, zeros), (ones, ones)) == 0
    assert probability_lower((ones, zeros), (ones, zeros)) == 0.5


def test_no_number_of_systems_is_too_large_for_a_clear_difference() -> None:
    """The share of the draws alone could never show less than 1 / draws."""
    rng = np.random.default_rng(4)
    joules = rng.gamma(4.0, 1.0, 60)
    lower, p_value = compared((joules, np.ones(60)), (3 * joules * rng.uniform(0.9, 1.1, 60), np.ones(60)))
    assert lower == 1
    assert p_value < 0.01 / RESAMPLES


def test_where_all_items_show_the_same_difference_it_is_a_sign_test() -> None:
    joules = np.geomspace(1, 9, 12)
    assert compared((joules, np.ones(12)), (2 * joules, np.ones(12)))[1] == pytest.approx(2 * 0.5**12)


def test_the_p_value_is_uniform_between_alike_systems() -> None:
    rng, below = np.random.default_rng(5), 0
    for _ in range(300):
        ours, theirs = (rng.gamma(3.0, 1.0, 40) for _ in range(2))
        right = (rng.random((2, 40)) < 0.6).astype(float)
        below += compared((ours, right[0]), (theirs, right[1]))[1] <= 0.05
    assert below / 300 < 0.088
