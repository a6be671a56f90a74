"""Bounds of a mean by t, by stratum, and bent by the skewness of its items."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wattbench_reports.stats.block_ratios import log_ratio_losses
from wattbench_reports.stats.skewed_means import MeanBounds, mean_bounds


def test_without_skewness_bounds_are_those_of_t() -> None:
    low, high = mean_bounds(np.array([1.0, 2.0, 3.0, 4.0])).bounds(0.05)
    half = 2.3534 * math.sqrt(5 / 3 / 4)
    assert (low, high) == (pytest.approx(2.5 - half, abs=1e-3), pytest.approx(2.5 + half, abs=1e-3))


def test_a_tail_moves_both_bounds_towards_it() -> None:
    plain, tailed = MeanBounds(0.0, 1.0, 100.0, 0.0), MeanBounds(0.0, 1.0, 100.0, 0.2)
    assert tailed.bounds(0.05)[0] > plain.bounds(0.05)[0]
    assert tailed.bounds(0.05)[1] > plain.bounds(0.05)[1]
    low, high = MeanBounds(0.0, 1.0, 100.0, -0.2).bounds(0.05)
    assert (-high, -low) == pytest.approx(tailed.bounds(0.05))


def test_strata_take_their_means_out_of_the_variance() -> None:
    values = np.array([0.0, 1.0, 10.0, 11.0])
    found = mean_bounds(values, np.array([0, 0, 2, 2]))
    assert (found.variance, found.df) == (pytest.approx(0.5 * 4 / 16), 2)
    assert mean_bounds(values, np.array([0, 0, 0, 1])) == mean_bounds(values), "a single value shows no spread"


def test_one_value_bounds_nothing() -> None:
    assert mean_bounds(np.ones(1)).bounds(0.05) == (-math.inf, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "times"), [(1.0, 1.1), (0.2, 1.5), (0.1, 2.0), (0.05, 3.0), (0.02, 6.0)])
def test_ten_per_cent_in_any_shape_is_within_the_bounds(share: float, times: float) -> None:
    rng, samples, items = np.random.default_rng(6), 800, 400
    wrong = np.zeros(2)
    for _ in range(samples):
        ours = rng.lognormal(0, 0.5, items)
        theirs = ours * np.where(rng.random(items) < share, times, 1.0) * rng.lognormal(-0.00125, 0.05, items)
        losses = log_ratio_losses(np.column_stack([ours, theirs]), np.ones((items, 2)))
        found = mean_bounds(losses[:, 1] - losses[:, 0], estimate=math.log(theirs.sum() / ours.sum()))
        wrong += [found.bounds(0.05)[0] > math.log(1.1), found.bounds(0.1)[1] < math.log(1.1)]
    for rate, level in zip(wrong / samples, (0.05, 0.1), strict=True):
        assert rate <= level + 3 * (level * (1 - level) / samples) ** 0.5
