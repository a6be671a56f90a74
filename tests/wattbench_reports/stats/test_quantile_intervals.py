"""Bounds of a quantile: order statistics, the design effect of blocks, mixes, and where nothing bounds it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from wattbench_reports.stats.percentiles import quantile
from wattbench_reports.stats.quantile_intervals import MOST_EFFECTIVE, Sample, quantile_interval


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
