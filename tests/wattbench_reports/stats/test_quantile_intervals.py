"""Bounds of a quantile: order statistics, the design effect of blocks, mixes, and where nothing bounds it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from wattbench_reports.stats.percentiles import quantile
from wattbench_reports.stats.quantile_intervals import (
    MOST_EFFECTIVE,
    Sample,
    quantile_gap,
    quantile_interval,
    quantile_ratio,
)

BLOCK = np.repeat(np.arange(8), 50)


@pytest.mark.parametrize(("number", "share"), [(100, 0.5), (100, 0.9), (400, 0.95), (7, 0.5), (1000, 0.99)])
def test_of_independent_values_it_is_the_exact_order_statistics(number: int, share: float) -> None:
    ordered = np.arange(1.0, number + 1)
    found = quantile_interval(Sample(np.random.default_rng(1).permutation(ordered)), share)
    assert found is not None
    assert found.estimate == quantile(ordered, share)
    low, high = int(binom.ppf(0.025, number, share)), int(binom.ppf(0.975, number, share)) + 1
    assert (found.low, found.high) == (float(low), float(high) if high <= number else math.inf)
    assert binom.cdf(high - 1, number, share) - binom.cdf(low - 1, number, share) >= 0.95


def test_beyond_the_data_nothing_bounds_it() -> None:
    values = np.random.default_rng(2).random(60)
    found = quantile_interval(Sample(values), 0.95)
    assert found is not None
    assert found.high == math.inf, "all of 60 lie below a p95 in 4.6% of samples"
    one_block = quantile_interval(Sample(values, np.zeros(60, dtype=np.int64)), 0.5)
    assert one_block is not None
    assert (one_block.low, one_block.high) == (0.0, math.inf)
    assert quantile_interval(Sample(np.empty(0)), 0.5) is None


def test_blocks_that_are_unlike_each_other_widen_it() -> None:
    rng = np.random.default_rng(3)
    values, block = rng.lognormal(size=400), np.repeat(np.arange(8), 50)
    alike, apart = (
        quantile_interval(Sample(each, block), 0.5) for each in (values, values * np.linspace(0.5, 2, 8)[block])
    )
    plain = quantile_interval(Sample(values), 0.5)
    assert alike is not None and apart is not None and plain is not None
    assert apart.high / apart.low > 1.5 * alike.high / alike.low
    assert alike.high / alike.low == pytest.approx(plain.high / plain.low, rel=0.3)


def test_blocks_that_agree_by_chance_are_worth_no_more_than_twice_as_many_values() -> None:
    values, block = np.tile(np.arange(1.0, 21.0), 8), np.repeat(np.arange(8), 20)
    found = quantile_interval(Sample(values, block), 0.95)
    assert found is not None
    inside = quantile_interval(Sample(np.repeat(values, MOST_EFFECTIVE)), 0.95)
    assert inside is not None
    assert found.low <= inside.low + 1
    assert found.low < found.high


def test_under_a_mix_each_domain_counts_for_its_share() -> None:
    rng = np.random.default_rng(4)
    domain, values = np.repeat([0, 1], [300, 100]), np.concatenate([rng.random(300), 5 + rng.random(100)])
    rare = quantile_interval(Sample(values, None, domain, np.array([0.99, 0.01])), 0.95)
    even = quantile_interval(Sample(values, None, domain, np.array([0.5, 0.5])), 0.95)
    assert rare is not None and even is not None
    assert rare.high <= 1.0 < 5.0 <= even.low
    as_they_are = quantile_interval(Sample(values, None, domain, np.array([0.75, 0.25])), 0.9)
    assert as_they_are is not None
    assert as_they_are.estimate == quantile(values, 0.9)


@given(
    st.lists(st.floats(0.001, 1e3), min_size=20, max_size=80),
    st.sampled_from([0.5, 0.9, 0.95]),
    st.integers(1, 9),
    st.sampled_from([2.0**power for power in (-7, -1, 3, 10)]),
)
def test_the_bounds_hold_the_estimate_in_any_unit(values: list[float], share: float, blocks: int, unit: float) -> None:
    known, block = np.array(values), np.arange(len(values)) % blocks
    found, other = (quantile_interval(Sample(each, block), share) for each in (known, known * unit))
    assert found is not None and other is not None
    assert 0 <= found.low <= found.estimate <= found.high
    assert (other.low, other.estimate, other.high) == pytest.approx(
        (found.low * unit, found.estimate * unit, found.high * unit)
    )


@given(st.lists(st.integers(1, 9), min_size=2, max_size=6))
def test_values_of_several_domains_that_are_all_alike_are_bounded(counts: list[int]) -> None:
    """Their share below is 1 and perhaps a rounding error."""
    strata = np.repeat(np.arange(len(counts)), counts)
    shares = np.array(counts) / sum(counts)
    sample = Sample(np.full(len(strata), 0.5), np.arange(len(strata)), strata, shares)
    interval = quantile_interval(sample, 0.95)
    assert interval is not None
    assert interval.estimate == 0.5


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
