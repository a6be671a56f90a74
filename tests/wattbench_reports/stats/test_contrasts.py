"""Contrasts of systems within blocks: textbook values, and how often their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from wattbench_reports.stats import contrast


def test_a_contrast_of_two_systems_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(4)
    figures = rng.normal(size=(9, 2))
    found = contrast(figures, np.array([1.0, -1.0]))
    test = stats.ttest_rel(figures[:, 0], figures[:, 1])
    low, high = test.confidence_interval()
    assert (found.estimate, found.low, found.high) == pytest.approx((np.diff(-figures.mean(axis=0))[0], low, high))
    assert found.p_value == pytest.approx(test.pvalue)


def test_what_a_block_does_to_all_systems_alike_cancels() -> None:
    rng = np.random.default_rng(5)
    figures, weights = rng.normal(size=(6, 4)), np.array([0.5, 0.5, -0.5, -0.5])
    shifted = contrast(figures + 100 * rng.normal(size=(6, 1)), weights)
    assert shifted.low == pytest.approx(contrast(figures, weights).low)


def test_a_block_alone_has_an_estimate_and_no_interval() -> None:
    found = contrast(np.array([[3.0, 1.0]]), np.array([1.0, -1.0]))
    assert (found.estimate, found.low, found.high, found.p_value) == (2.0, None, None, None)


@pytest.mark.parametrize(("apart", "p_value"), [(0.0, 1.0), (0.25, 0.0)])
def test_equal_blocks_have_no_spread(apart: float, p_value: float) -> None:
    figures = np.linspace(0.1, 0.7, 5)[:, None] + np.array([apart, 0.0])
    found = contrast(figures, np.array([1.0, -1.0]))
    assert found.p_value == pytest.approx(p_value, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((apart, apart))


def test_a_ratio_is_the_contrast_of_logarithms() -> None:
    rng = np.random.default_rng(6)
    costs = np.exp(rng.normal(size=(7, 1))) * np.array([3.0, 1.5])
    found = contrast(np.log(costs), np.array([1.0, -1.0])).exp()
    assert (found.estimate, found.low, found.high) == pytest.approx((2.0, 2.0, 2.0))


@pytest.mark.parametrize("looks", [1, 7])
def test_intervals_hold_the_truth_also_where_the_number_of_blocks_depends_on_them(looks: int) -> None:
    """With several looks, estimation stops at the first block at which the contrast looks the largest."""
    rng, weights, missed, runs = np.random.default_rng(7), np.array([1.0, -1.0]), 0, 1_000
    for _ in range(runs):
        figures = rng.normal(size=(12, 2))
        ends = range(12 - looks + 1, 13)
        most = max(ends, key=lambda end: abs(contrast(figures[:end], weights).estimate) * end**0.5)
        found = contrast(figures[:most], weights, looks)
        assert found.low is not None and found.high is not None
        missed += not found.low <= 0 <= found.high
    assert missed <= 0.05 * runs + 3 * (0.05 * 0.95 * runs) ** 0.5
