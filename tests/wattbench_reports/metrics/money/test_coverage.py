"""Intervals of money cover at 95%: by token, by hour and by joule, with blocks and without."""

from __future__ import annotations

import numpy as np
import pytest

from tests.made_up.money_worlds import MoneyWorld, drawn, per_correct, per_request
from wattbench_reports.metrics.ratio_intervals import intervals

MONEY = {"energy_j": 1.0}


def coverage(world: MoneyWorld, runs: int, seed: int, shares: np.ndarray | None = None) -> np.ndarray:
    """Return how often the intervals per request and per correct answer hold the truth, shape (2, systems)."""
    rng = np.random.default_rng(seed)
    hits = np.zeros((2, 3))
    for _ in range(runs):
        base = drawn(world, rng)
        for row, truth in enumerate((per_request(), per_correct())):
            found = intervals(base, MONEY, shares, per_correct=bool(row))
            hits[row] += [each.low <= true <= each.high for each, true in zip(found, truth, strict=True)]
    return hits / runs


@pytest.mark.slow
@pytest.mark.parametrize("world", [MoneyWorld(60), MoneyWorld(60, blocks=8), MoneyWorld(300, blocks=8, block_sd=0.2)])
def test_money_is_covered(world: MoneyWorld) -> None:
    shares = np.array([0.7, 0.3]) if world.items == 60 else None
    found = coverage(world, 300, 11, shares)
    assert found.min() > 0.91, found
    assert found.mean() > 0.93, found
