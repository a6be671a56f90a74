"""The share of requests within a limit, and by how much more it varies than that of independent requests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.decision.latency_limit import BEYOND, SystemLatency, design_effect, share_within
from wattbench_reports.stats.percentiles import grid


def test_a_share_within_a_limit_is_counted_or_read_between_quantiles() -> None:
    assert share_within(np.array([1.0, 2.0, 2.0, 4.0]), 4, 4.0, 2.0) == 0.75
    quantiles = (np.arange(201) + 0.5) / 201
    assert share_within(quantiles, 1e6, 1.0, 0.5) == pytest.approx(0.5)
    assert (share_within(quantiles, 1e6, 1.0, -1.0), share_within(quantiles, 1e6, 1.0, 1.0)) == (0.0, 1.0)


@pytest.mark.slow
@given(st.lists(st.floats(0.01, 10), min_size=202, max_size=400), st.floats(0.01, 12))
def test_all_are_within_a_limit_where_the_slowest_is(seconds: list[float], limit_s: float) -> None:
    values = np.array(seconds, dtype=np.float32).astype(np.float64)
    share = share_within(grid(values), len(values), float(values.max()), limit_s)
    assert (share == 1.0) is bool(values.max() <= np.float32(limit_s))
    assert share == pytest.approx(float((values <= np.float32(limit_s)).mean()), abs=2 / 201)


def test_slow_spells_have_a_design_effect() -> None:
    block = np.repeat(np.arange(8), 50)
    rng = np.random.default_rng(4)
    scattered = rng.exponential(size=400)
    spells = scattered + np.where(block == 3, 20 * (rng.random(400) < 0.5), 0.0)
    assert design_effect(scattered, block, 0.05) < 3
    assert design_effect(spells, block, 0.05) > 8
    assert design_effect(scattered, np.zeros(400, dtype=np.int64), 0.05) == 1.0


@given(st.floats(0, 1))
def test_a_design_effect_is_the_larger_one_of_the_shares_around(beyond: float) -> None:
    effects = (1.0, 2.0, 4.0, 3.0, 1.5, 7.0)
    latency = SystemLatency((), np.ones(1), np.ones(1), np.ones(1), effects)
    around = [
        effect
        for number, effect in enumerate(effects)
        if (BEYOND[number + 1] if number + 1 < len(BEYOND) else 0) <= beyond <= (BEYOND[number - 1] if number else 1)
    ]
    assert latency.design_effect(beyond) == max(around)
    assert latency.variance_of_share(1.0) == latency.variance_of_share(0.0) == 0.0


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7))
def test_shares_of_domains_that_are_all_within_are_not_more_than_all(requests: list[int]) -> None:
    """A sum of parts may be 1 and a rounding error."""
    counts = np.array(requests, dtype=np.float64)
    grids, ones = tuple(np.full(number, 0.5) for number in requests), np.ones(len(requests))
    latency = SystemLatency(grids, counts, 0.5 * ones, counts / counts.sum(), (1.0,) * len(BEYOND))
    share = latency.share_within(1.0)
    assert share <= 1.0
    assert latency.variance_of_share(share) < 1e-12
