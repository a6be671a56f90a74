"""A quantile of two systems, compared: paired by block, or by item."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.quantile_differences import quantile_gap
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
