"""Giving a window's joules to its items: ten times the items should take about ten times as long."""

from __future__ import annotations

import numpy as np
import pytest

from harness.attribution import shares


@pytest.mark.benchmark(group="attribution: overlapping items in one window")
@pytest.mark.parametrize("items", [10_000, 100_000])
def test_shares(benchmark, items: int) -> None:
    """Open-loop arrivals, about eight in flight at any time."""
    random = np.random.default_rng(0)
    started_s = np.sort(random.uniform(0, items / 8, items))
    finished_s = started_s + random.exponential(1.0, items)
    own = benchmark(shares, started_s, finished_s)
    assert own.sum() == pytest.approx(1.0)
