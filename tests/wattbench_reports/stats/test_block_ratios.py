"""Ratios by block: their algebra, what cancels, and what they refuse to say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import t, ttest_rel

from wattbench_reports.stats import (
    Interval,
    accuracy_interval,
    block_mean_intervals,
    block_ratio,
    log_ratio_losses,
    mean_difference,
    paired_block_means,
    paired_block_ratios,
    paired_p_value,
    ratio_se,
    ratios,
)

SUMS = arrays(np.float64, (5, 2), elements=st.one_of(st.just(0.0), st.floats(1e-3, 1e6)))


def column(values: np.ndarray) -> np.ndarray:
    return values[:, None]


def block_ratio_intervals(joules: np.ndarray, correct: np.ndarray) -> list[Interval | None]:
    found = [block_ratio(top, bottom) for top, bottom in zip(joules.T, correct.T, strict=True)]
    return [None if ratio is None else ratio.interval() for ratio in found]


def sums(seed: int, blocks: int = 8, systems: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.gamma(40, 2, (blocks, systems)), rng.integers(3, 9, (blocks, systems)).astype(float)


def test_agrees_with_a_loop() -> None:
    joules, correct = sums(1)
    for system, interval in enumerate(block_ratio_intervals(joules, correct)):
        j, c = joules[:, system], correct[:, system]
        without = [math.log(np.delete(j, r).sum() / np.delete(c, r).sum()) for r in range(8)]
        half = t.ppf(0.975, 7) * math.sqrt(7 * np.var(without))
        ratio = j.sum() / c.sum()
        assert interval is not None
        assert interval.estimate == pytest.approx(ratio)
        assert (interval.low, interval.high) == pytest.approx((ratio * math.exp(-half), ratio * math.exp(half)))


def test_variance_is_the_linearised_one_to_first_order() -> None:
    rng = np.random.default_rng(2)
    joules, correct = 100 + rng.normal(size=8), 50 + rng.normal(size=8)
    z = joules / joules.sum() - correct / correct.sum()
    ratio, error = block_ratio(joules, correct), ratio_se(joules, correct)
    assert ratio is not None
    assert error is not None
    assert ratio.log_variance == pytest.approx(8 / 7 * (z**2).sum(), rel=0.02)
    assert math.sqrt(ratio.log_variance) * ratio.estimate == pytest.approx(error, rel=0.01)
    assert log_ratio_losses(joules[:, None], correct[:, None])[:, 0] - math.log(ratio.estimate) == pytest.approx(
        8 * z, rel=0.02, abs=1e-3
    )


def test_block_sizes_alone_make_no_spread() -> None:
    # Every item costs and scores alike, but one block has two items and another nine.
    sizes = np.array([2.0, 9, 5, 5])
    ratio = block_ratio(7 * sizes, 0.5 * sizes)
    assert ratio is not None
    assert ratio.estimate == pytest.approx(14)
    assert ratio.log_variance == pytest.approx(0, abs=1e-25)


def test_speed_of_a_block_cancels_in_a_pair() -> None:
    rng = np.random.default_rng(3)
    speed = np.exp(rng.normal(0, 0.5, 8))
    joules, correct = np.array([10.0, 13.0]) * speed[:, None], np.full((8, 2), 5.0)
    pair = paired_block_ratios((joules[:, :1], correct[:, :1]), (joules[:, 1:], correct[:, 1:]))[0]
    alone = block_ratio_intervals(joules, correct)
    assert pair is not None
    assert (pair.ratio.low, pair.ratio.estimate, pair.ratio.high) == pytest.approx((10 / 13,) * 3)
    assert pair.probability_lower == 1
    assert all(interval is not None and interval.high > 1.3 * interval.estimate for interval in alone)


def test_pair_is_a_paired_t_test_of_the_losses() -> None:
    joules, correct = sums(4)
    losses = log_ratio_losses(joules, correct)
    pair = paired_block_ratios((joules[:, :1], correct[:, :1]), (joules[:, 1:2], correct[:, 1:2]))[0]
    assert pair is not None
    expected = ttest_rel(losses[:, 0], losses[:, 1])
    assert pair.p_value == pytest.approx(expected.pvalue)
    assert pair.df == 7
    assert losses.mean(axis=0) == pytest.approx(np.log(joules.sum(axis=0) / correct.sum(axis=0)))


def test_p_value_and_interval_agree_and_directions_mirror() -> None:
    for seed in range(40):
        joules, correct = sums(seed, blocks=6, systems=2)
        first, second = (joules[:, :1], correct[:, :1]), (joules[:, 1:], correct[:, 1:])
        (ours,), (theirs,) = paired_block_ratios(first, second), paired_block_ratios(second, first)
        assert ours is not None
        assert theirs is not None
        assert (ours.p_value < 0.05) == (not ours.ratio.low <= 1 <= ours.ratio.high)
        assert ours.p_value == pytest.approx(theirs.p_value)
        assert ours.probability_lower == pytest.approx(1 - theirs.probability_lower)
        assert ours.ratio.estimate == pytest.approx(1 / theirs.ratio.estimate)


def test_a_system_against_itself_is_a_coin() -> None:
    joules, correct = sums(5)
    pair = paired_block_ratios((joules, correct), (joules, correct))[0]
    assert pair is not None
    assert (pair.ratio.estimate, pair.p_value, pair.probability_lower) == (1, 1, 0.5)


def test_one_block_shows_no_spread() -> None:
    joules, correct = sums(6, blocks=1)
    assert block_ratio_intervals(joules, correct) == [None] * 3
    assert paired_block_ratios((joules, correct), (joules, correct)) == [None] * 3


def test_nothing_correct_has_no_ratio() -> None:
    joules, correct = sums(7)
    correct[:, 1] = 0
    intervals = block_ratio_intervals(joules, correct)
    assert intervals[1] is None
    assert intervals[0] is not None
    pairs = paired_block_ratios((joules[:, [0, 0]], correct[:, [0, 0]]), (joules[:, 1:], correct[:, 1:]))
    assert pairs[0] is None
    assert pairs[1] is not None
    assert np.isnan(log_ratio_losses(joules, correct)[:, 1]).all()


def test_a_block_without_a_right_answer_is_a_block() -> None:
    joules, correct = sums(8)
    correct[3, 0] = 0
    with_it, without = (
        block_ratio(joules[:, 0], correct[:, 0]),
        block_ratio(np.delete(joules[:, 0], 3), np.delete(correct[:, 0], 3)),
    )
    assert with_it is not None
    assert without is not None
    assert math.isfinite(with_it.log_variance)
    assert with_it.estimate > without.estimate
    assert with_it.log_variance > without.log_variance


def test_right_answers_in_too_few_blocks_leave_the_upper_end_open() -> None:
    joules = np.ones(8)
    interval = block_ratio_intervals(column(joules), column(np.array([2.0, 1, 0, 0, 0, 0, 0, 0])))[0]
    assert interval is not None
    assert interval.high == math.inf
    assert 0 < interval.low < interval.estimate


def test_everything_in_one_block_bounds_nothing() -> None:
    interval = block_ratio_intervals(column(np.ones(4)), column(np.array([0.0, 3, 0, 0])))[0]
    assert interval is not None
    assert (interval.low, interval.high) == (0, math.inf)
    pair = paired_block_ratios((column(np.ones(4)), column(np.eye(4)[1])), (column(np.ones(4)), column(np.ones(4))))[0]
    assert pair is not None
    assert (pair.p_value, pair.probability_lower) == (1, 0.5)


def test_no_joules_are_no_joules_of_other_items() -> None:
    interval = block_ratio_intervals(np.zeros((4, 1)), np.ones((4, 1)))[0]
    assert interval is not None
    assert (interval.low, interval.estimate, interval.high) == (0, 0, 0)
    ones = np.ones((4, 1))
    assert paired_block_ratios((np.zeros((4, 1)), ones), (ones, ones)) == [None]


@given(SUMS, SUMS)
def test_any_sums_give_ordered_intervals(numerators: np.ndarray, denominators: np.ndarray) -> None:
    for number, interval in enumerate(block_ratio_intervals(numerators, denominators)):
        if denominators[:, number].sum() == 0:
            assert interval is None
        else:
            assert interval is not None
            assert 0 <= interval.low <= interval.estimate <= interval.high
    pair = paired_block_ratios((numerators[:, :1], denominators[:, :1]), (numerators[:, 1:], denominators[:, 1:]))[0]
    if pair is not None:
        assert 0 <= pair.p_value <= 1
        assert 0 <= pair.probability_lower <= 1
        assert 0 <= pair.ratio.low <= pair.ratio.estimate <= pair.ratio.high


def test_ratios_divide_by_nothing() -> None:
    assert ratios(np.array([1.0, 0, 4]), np.array([0.0, 0, 2])).tolist() == [math.inf, math.inf, 2]


def by_block(values: np.ndarray, blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums and counts of a column of items that are dealt in their order."""
    parts = np.array_split(values, blocks)
    return np.array([[part.sum()] for part in parts]), np.array([[float(len(part))] for part in parts])


def accuracy(values: np.ndarray, blocks: int) -> tuple[Interval, Interval]:
    item = accuracy_interval(values, np.ones(len(values)))
    (block,) = block_mean_intervals(*by_block(values, blocks), by_item=[item])
    assert item is not None
    assert block is not None
    return block, item


def test_unanimous_blocks_are_not_certain() -> None:
    block, item = accuracy(np.ones(64), 8)
    assert block == item
    assert block.low < 0.95


def test_agreement_within_blocks_widens() -> None:
    values = np.repeat([1.0, 0, 1, 1, 0, 1, 0, 1], 8)
    block, item = accuracy(values, 8)
    means = values.reshape(8, 8).mean(axis=1)
    half = t.ppf(0.975, 7) * means.std(ddof=1) / math.sqrt(8)
    assert (block.low, block.high) == pytest.approx((max(0, means.mean() - half), min(1, means.mean() + half)))
    assert block.low < item.low
    assert block.high > item.high


def test_unequal_blocks_count_by_their_items() -> None:
    values = np.array([1.0, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    block, _ = accuracy(values, 4)  # of 3, 3, 2 and 2 items
    sums, counts = by_block(values, 4)
    residuals = (sums - 0.5 * counts)[:, 0]
    half = t.ppf(0.975, 3) * math.sqrt(4 / 3 * (residuals**2).sum()) / 10
    assert block.high >= 0.5 + half - 1e-12


def test_one_block_leaves_the_interval_by_item() -> None:
    block, item = accuracy(np.array([1.0, 0, 1]), 1)
    assert block == item
    assert block_mean_intervals(np.ones((4, 1)), np.ones((4, 1)), by_item=[None]) == [None]


def difference(first: np.ndarray, second: np.ndarray, blocks: int) -> tuple[float, float, Interval, Interval]:
    item, p_value = mean_difference(first, second), paired_p_value(first, second)
    assert item is not None
    assert p_value is not None
    (pair,) = paired_block_means(by_block(first, blocks), by_block(second, blocks), by_item=[(item, p_value)])
    assert pair is not None
    return pair.p_value, p_value, pair.difference, item


def test_a_difference_that_all_blocks_show_is_as_sure_as_by_item() -> None:
    first, second = np.tile([1.0, 1, 0, 1], 16), np.tile([1.0, 0, 0, 1], 16)
    p_value, item_p, block, item = difference(first, second, 8)
    assert p_value == item_p > 0
    assert block == item


def test_a_difference_of_a_few_blocks_is_less_sure() -> None:
    first = np.concatenate([np.ones(16), np.zeros(48)])
    p_value, item_p, block, item = difference(first, np.zeros(64), 8)
    assert p_value > 0.05 > item_p
    assert block.low < 0 < item.low


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=40), st.integers(1, 4))
def test_outer_ends_of_any_scores(rows: list[tuple[float, float]], blocks: int) -> None:
    first, second = (np.array(column) for column in zip(*rows, strict=True))
    p_value, item_p, block, item = difference(first, second, blocks)
    assert -1 <= block.low <= item.low <= block.estimate + 1e-12
    assert block.estimate - 1e-12 <= item.high <= block.high <= 1
    assert item_p <= p_value <= 1
