"""Items are dealt into pools of one stratum, evenly, in a random order."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench_reports.stats import mean_difference
from wattbench_reports.tables.streamed.item_pools import item_pools, sampled_items


@pytest.mark.parametrize("pools", [1, 7, 40, 500])
def test_pools_are_of_one_stratum_and_of_nearly_one_size(pools: int) -> None:
    stratum = np.random.default_rng(3).permutation(np.repeat([0, 1, 2], [70, 29, 1]))
    dealt = item_pools(stratum, pools)
    assert np.bincount(dealt.pool).tolist() == dealt.sizes.tolist()
    assert dealt.sizes.sum() == 100
    np.testing.assert_array_equal(dealt.stratum[dealt.pool], stratum)
    for number in range(3):
        sizes = dealt.sizes[dealt.stratum == number]
        assert sizes.max() - sizes.min() <= 1
        assert sizes.max() <= -(-100 // pools)


def test_every_stratum_is_sampled() -> None:
    stratum = np.random.default_rng(3).permutation(np.repeat([0, 1, 2], [70, 29, 1]))
    assert np.bincount(stratum[sampled_items(stratum, 0.1)]).tolist() == [7, 3, 1]
    assert sampled_items(stratum, 1.0).all()


def test_the_spread_between_pools_is_that_between_items() -> None:
    """Of a paired difference over two tasks of which each system is good at one."""
    rng = np.random.default_rng(5)
    task, hard = rng.integers(0, 2, 60_000), rng.random(60_000)
    ours, theirs = ((rng.random(60_000) < 1 - 0.6 * hard - 0.4 * (task == bad)).astype(float) for bad in (0, 1))
    dealt = item_pools(np.zeros(60_000, np.int64), 6_000)
    by_item = mean_difference(ours, theirs)
    means = [np.bincount(dealt.pool, weights=each) / dealt.sizes for each in (ours, theirs)]
    by_pool = mean_difference(means[0], means[1])
    assert by_item is not None and by_pool is not None
    assert by_pool.estimate == pytest.approx(by_item.estimate, abs=1e-12)
    assert by_pool.high - by_pool.low == pytest.approx(by_item.high - by_item.low, rel=4 / np.sqrt(2 * 6_000))
