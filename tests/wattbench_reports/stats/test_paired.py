"""Two systems on the same items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from wattbench_reports.stats import mean_difference, probabilities_lower

Sums = tuple[np.ndarray, np.ndarray]


def probability_lower(first: Sums, second: Sums) -> float:
    """Of a single pair."""
    return probabilities_lower((first[0][:, None], first[1][:, None]), (second[0][:, None], second[1][:, None]))[0]


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
    padded = np.array([1.0, 0, 0])  # zero in all four arrays: no item of this pair
    assert probability_lower((padded, padded), (9 * padded, padded)) == 0.5


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


def test_difference_holds_the_truth_at_its_rate() -> None:
    rng = np.random.default_rng(9)
    held, trials = 0, 1000
    for _ in range(trials):
        hard = rng.random(60)
        first = (rng.random(60) < 0.9 - 0.6 * hard).astype(float)  # 0.6 on average
        second = (rng.random(60) < 0.7 - 0.6 * hard).astype(float)  # 0.4
        interval = mean_difference(first, second)
        assert interval is not None
        held += interval.low <= 0.2 <= interval.high
    assert 0.93 <= held / trials <= 0.98
