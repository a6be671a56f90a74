"""Joules per correct answer: brute force, infinities, and how often the interval holds the truth."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from wattbench_reports.stats import Interval, ratio_intervals, ratios, resampled_sums
from wattbench_reports.stats.budgets import MAX_UNITS
from wattbench_reports.stats.ratios import effective_items


def ratio_interval(numerator: np.ndarray, denominator: np.ndarray, **how: int) -> Interval | None:
    """The interval of a single column."""
    (interval,) = ratio_intervals(numerator[:, None], denominator[:, None], **how)
    return interval


def test_resampled_sums_are_sums_of_drawn_rows() -> None:
    # Powers of a base tell how often each row was drawn: every draw has as many rows as there are.
    values = np.array([[1.0, 1], [1000, 1], [1_000_000, 1]])
    (sums,) = resampled_sums(values, resamples=500, seed=2)
    assert sums.shape == (500, 2)
    assert (sums[:, 1] == 3).all()
    times = np.column_stack([sums[:, 0] % 1000, sums[:, 0] // 1000 % 1000, sums[:, 0] // 1_000_000])
    assert (times.sum(axis=1) == 3).all()
    assert times.mean(axis=0) == pytest.approx([1, 1, 1], abs=0.15)


def test_same_seed_same_draws_and_columns_stay_paired() -> None:
    values = np.random.default_rng(0).random((50, 1))
    once, twice = resampled_sums(values, 2 * values, seed=4)
    assert once.shape == (4000, 1)
    assert twice == pytest.approx(2 * once)
    assert once == pytest.approx(resampled_sums(values, seed=4)[0])


def test_nothing_to_resample() -> None:
    with pytest.raises(ValueError, match="no items"):
        resampled_sums(np.empty((0, 2)))


def test_many_items_are_dealt_into_groups_without_changing_the_spread() -> None:
    values = np.random.default_rng(1).exponential(size=(4 * MAX_UNITS + 7, 1))
    sums = resampled_sums(values, resamples=1000, seed=1)[0][:, 0]
    assert sums.mean() == pytest.approx(values.sum(), rel=0.002)
    assert sums.std() == pytest.approx(values.std() * math.sqrt(len(values)), rel=0.07)


def test_agrees_with_a_loop() -> None:
    rng = np.random.default_rng(7)
    joules, correct = rng.gamma(4, 2, 80), rng.integers(0, 2, 80).astype(float)
    interval = ratio_interval(joules, correct)
    assert interval is not None
    assert interval.estimate == pytest.approx(joules.sum() / correct.sum())
    draws = []
    for _ in range(4000):
        rows = rng.integers(0, 80, 80)
        draws.append(joules[rows].sum() / correct[rows].sum())
    without = [math.log((joules.sum() - j) / (correct.sum() - c)) for j, c in zip(joules, correct, strict=True)]
    factor = math.exp(t.ppf(0.975, 79) * math.sqrt(79 * np.var(without)))
    low, high = np.quantile(draws, [0.025, 0.975])
    outer = [min(low, interval.estimate / factor), max(high, interval.estimate * factor)]
    assert [interval.low, interval.high] == pytest.approx(outer, rel=0.03)


def test_effective_items_are_those_that_share_the_joules() -> None:
    values = np.column_stack([np.ones(40), np.zeros(40), np.eye(40)[0], np.repeat([1.0, 3.0], 20)])
    assert effective_items(values) == pytest.approx([40, 0, 1, 32])


def test_few_effective_items_are_marked_and_very_few_leave_the_upper_end_open() -> None:
    enough, few, open_end = (ratio_interval(np.ones(n), np.tile([1.0, 0], n // 2)) for n in (30, 28, 8))
    assert enough is not None
    assert few is not None
    assert open_end is not None
    assert (enough.few, few.few, open_end.few) == (False, True, True)
    assert math.isfinite(few.high)
    assert math.isinf(open_end.high)
    assert 0 < open_end.low < open_end.estimate


def test_one_dear_item_is_all_there_is() -> None:
    interval = ratio_interval(np.array([500.0] + [1.0] * 60), np.ones(61))
    assert interval is not None
    assert interval.few
    assert math.isinf(interval.high)


def test_what_costs_nothing_costs_nothing() -> None:
    interval = ratio_interval(np.zeros(5), np.ones(5))
    assert interval is not None
    assert (interval.low, interval.high, interval.few) == (0, 0, False)


def test_numerator_and_denominator_vary_together() -> None:
    # Joules in proportion to correct answers: the ratio is known exactly, though both sums are not.
    correct = np.random.default_rng(1).random(30)
    interval = ratio_interval(5 * correct, correct)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((5, 5))


def test_nothing_correct_has_no_ratio() -> None:
    assert ratio_interval(np.ones(5), np.zeros(5)) is None


def test_one_lucky_answer_leaves_the_upper_end_open() -> None:
    interval = ratio_interval(np.ones(20), np.eye(20)[0])
    assert interval is not None
    assert interval.estimate == 20
    assert math.isinf(interval.high)
    assert math.isfinite(interval.low)


def test_columns_are_independent_of_each_other() -> None:
    rng = np.random.default_rng(8)
    joules, correct = rng.random((30, 3)), rng.integers(0, 2, (30, 3)).astype(float)
    correct[:, 1] = 0
    together = ratio_intervals(joules, correct, seed=6)
    assert together[1] is None
    for place in (0, 2):
        alone = ratio_interval(joules[:, place], correct[:, place], seed=6)
        assert alone is not None
        assert together[place] is not None
        assert astuple(together[place]) == pytest.approx(astuple(alone))


def test_no_items_no_ratio() -> None:
    assert ratio_intervals(np.empty((0, 2)), np.empty((0, 2))) == [None, None]


def test_one_item_bounds_nothing() -> None:
    interval = ratio_interval(np.array([3.0]), np.array([1.0]))
    assert interval is not None
    assert (interval.low, interval.estimate, interval.high) == (0, 3, math.inf)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 3)), min_size=1, max_size=40))
@settings(max_examples=60)
def test_any_items_give_an_ordered_interval(rows: list[tuple[float, int]]) -> None:
    joules = np.array([row[0] for row in rows])
    correct = np.array([float(row[1]) for row in rows])
    interval = ratio_interval(joules, correct, resamples=200)
    if correct.sum() == 0:
        assert interval is None
    else:
        assert interval is not None
        assert 0 <= interval.low <= interval.estimate <= interval.high


def test_ratios_divide_by_nothing() -> None:
    assert ratios(np.array([1.0, 0, 4]), np.array([0.0, 0, 2])).tolist() == [math.inf, math.inf, 2]


@pytest.mark.slow
def test_interval_holds_the_truth_at_its_rate() -> None:
    rng = np.random.default_rng(11)
    held, trials = 0, 400
    for trial in range(trials):
        hard = rng.random(80)
        correct = (rng.random(80) < 0.8 - 0.6 * hard).astype(float)  # half are correct ...
        joules = 5 + 10 * hard + rng.normal(0, 1, 80)  # ... at 10 J on average: 20 J per correct answer
        interval = ratio_interval(joules, correct, resamples=500, seed=trial)
        assert interval is not None
        held += interval.low <= 20 <= interval.high
    assert 0.92 <= held / trials <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize(
    ("items", "log_sd", "rate"), [(20, 0.8, 0.95), (20, 1.5, 0.967), (40, 1.0, 0.94), (64, 1.5, 0.90)]
)
def test_few_items_with_a_long_tail_are_marked_and_covered_as_is_known(items: int, log_sd: float, rate: float) -> None:
    # Percentiles alone: 92, 84, 92 and 87% in 1,500 runs. What is still missed is the upper end.
    rng = np.random.default_rng(items)
    held, trials, marked = 0, 500, 0
    for trial in range(trials):
        hard = rng.normal(size=items)
        joules = np.exp(log_sd * hard - log_sd**2 / 2)
        correct = (rng.random(items) < 0.6 - 0.3 * np.tanh(hard)).astype(float)  # 0.6 by symmetry
        interval = ratio_interval(joules, correct, resamples=400, seed=trial)
        assert interval is not None
        held += interval.low <= 1 / 0.6 <= interval.high
        marked += interval.few
    assert held / trials == pytest.approx(rate, abs=3 * math.sqrt(rate * (1 - rate) / trials))
    assert marked / trials > 0.98
