"""Accuracies by block: never narrower than by item, and wider where answers of a block resemble each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from wattbench_reports.stats import (
    Interval,
    accuracy_interval,
    block_mean_intervals,
    mean_difference,
    paired_block_means,
    paired_p_value,
)


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
