"""A quantile of two systems, compared: paired by block, or by item."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.quantile_differences import quantile_gap, quantile_ratio
from wattbench_reports.stats.quantile_intervals import Sample

BLOCK = np.repeat(np.arange(8), 50)


def test_a_faster_system_is_ahead_and_shown_to_be() -> None:
    rng = np.random.default_rng(1)
    slow = rng.lognormal(size=400)
    gap = quantile_gap(Sample(slow * 0.6, BLOCK), Sample(slow, BLOCK), 0.5)
    assert gap is not None and gap.p_value is not None
    assert gap.ahead > 0
    assert gap.p_value < 0.01


def test_what_hits_both_in_a_block_cancels() -> None:
    rng = np.random.default_rng(2)
    machine = np.exp(rng.normal(size=8))[BLOCK]
    first, second = (machine * factor * rng.lognormal(sigma=0.1, size=400) for factor in (1.0, 1.5))
    paired = quantile_gap(Sample(first, BLOCK), Sample(second, BLOCK), 0.5)
    apart = quantile_gap(Sample(first, BLOCK), Sample(second, BLOCK + 8), 0.5)
    assert paired is not None and paired.p_value is not None
    assert apart is not None and apart.p_value is not None
    assert paired.p_value < apart.p_value


def test_without_two_clusters_nothing_is_shown() -> None:
    values = np.arange(1.0, 101.0)
    one = np.zeros(100, dtype=np.int64)
    gap = quantile_gap(Sample(values, one), Sample(values * 9, one), 0.5)
    assert gap is not None
    assert gap.p_value is None
    assert quantile_gap(Sample(values, one), Sample(np.empty(0), one[:0]), 0.5) is None


def test_where_all_clusters_differ_alike_it_is_a_sign_test() -> None:
    values, block = np.tile([1.0, 2.0], 5), np.repeat(np.arange(5), 2)
    gap = quantile_gap(Sample(values, block), Sample(values + 10, block), 0.5)
    assert gap is not None
    assert (gap.ahead, gap.p_value) == pytest.approx((1.0, 2 / 2**5))
    same = quantile_gap(Sample(values, block), Sample(values, block), 0.5)
    assert same is not None
    assert (same.ahead, same.p_value) == (0.0, 1.0)


@given(st.integers(0, 1000), st.sampled_from([0.5, 0.9, 0.95]), st.sampled_from([2.0**-7, 0.5, 8.0]))
def test_order_and_unit_change_nothing(seed: int, share: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    first, second = Sample(rng.lognormal(size=400), BLOCK), Sample(1.1 * rng.lognormal(size=400), BLOCK)
    gap, swapped = quantile_gap(first, second, share), quantile_gap(second, first, share)
    scaled = quantile_gap(*(Sample(each.values * unit, BLOCK) for each in (first, second)), share)
    assert gap is not None and swapped is not None and scaled is not None
    assert gap.ahead == pytest.approx(-swapped.ahead)
    assert gap.p_value == pytest.approx(swapped.p_value)
    assert (scaled.ahead, scaled.p_value) == pytest.approx((gap.ahead, gap.p_value))


@given(st.integers(0, 1000), st.sampled_from([0.5, 0.9, 0.95]), st.sampled_from([2.0**-7, 0.5, 8.0]))
def test_bounds_of_a_ratio_hold_it_mirror_and_have_no_unit(seed: int, share: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.lognormal(size=100), 1.1 * rng.lognormal(size=100)
    found = quantile_ratio(first, second, share)
    swapped, scaled = quantile_ratio(second, first, share), quantile_ratio(first * unit, second * unit, share)
    assert found is not None and swapped is not None and scaled is not None
    low, high = found.bounds(0.05)
    assert low <= found.estimate <= high
    assert swapped.estimate == pytest.approx(-found.estimate)
    assert scaled.bounds(0.05) == pytest.approx((low, high))
    assert found.bounds(0.01)[0] <= low
    assert found.bounds(0.01)[1] >= high


def test_a_tail_of_few_items_has_no_bound_above() -> None:
    rng = np.random.default_rng(1)
    found = quantile_ratio(rng.lognormal(size=30), rng.lognormal(size=30), 0.95)
    assert found is not None
    assert found.bounds(0.05)[1] == math.inf
    assert quantile_ratio(np.empty(0), np.empty(0), 0.5) is None
    alone = quantile_ratio(np.ones(9), np.ones(9), 0.5, np.zeros(9, dtype=np.int64))
    assert alone is not None
    assert alone.bounds(0.05) == (-math.inf, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_bounds_of_a_ratio_are_wrong_no_more_often_than_they_say(share: float, spread: float) -> None:
    """Of items whose lengths differ by a factor of their own between the two."""
    rng, samples, levels = np.random.default_rng(7), 500, (0.0083, 0.05, 0.1)
    truth = math.log(1.1) + (math.hypot(0.8, spread) - 0.8) * {0.5: 0.0, 0.95: 1.6449}[share]
    wrong = np.zeros((3, 2))
    for _ in range(samples):
        first = rng.lognormal(0, 0.8, 400)
        found = quantile_ratio(first, 1.1 * first * rng.lognormal(0, spread, 400), share)
        assert found is not None
        for place, level in enumerate(levels):
            low, high = found.bounds(level)
            wrong[place] += [low > truth, high < truth]
    for level, of_level in zip(levels, wrong / samples, strict=True):
        assert of_level.max() <= level + 3 * (level * (1 - level) / samples) ** 0.5
