"""AIQ: worked by hand, and the hull against all mixtures of two points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.routing.hybrids.frontier import aiq, hull_of


def test_a_worked_example() -> None:
    # Corners (1, .2), (2, .6), (4, .8): (3, .5) lies below, (5, .7) is dearer and worse.
    cost, quality = np.array([3.0, 1.0, 4.0, 5.0, 2.0]), np.array([0.5, 0.2, 0.8, 0.7, 0.6])
    corners, heights = hull_of(cost, quality)
    assert corners.tolist() == [1.0, 2.0, 4.0]
    assert heights.tolist() == [0.2, 0.6, 0.8]
    # From 1 to 6: (.2 + .6) / 2 * 1 + (.6 + .8) / 2 * 2 + .8 * 2 = .4 + 1.4 + 1.6 = 3.4, over 5.
    assert aiq(cost, quality, 1.0, 6.0) == pytest.approx(0.68)
    # From 0.5, half way to nothing at .1: (.1 + .2) / 2 * .5 = .075 more, over 5.5.
    assert aiq(cost, quality, 0.5, 6.0) == pytest.approx((3.4 + 0.075) / 5.5)
    # Within one edge: the mean of .6 and .7.
    assert aiq(cost, quality, 2.0, 3.0) == pytest.approx(0.65)


def test_one_point_is_level_from_there_on() -> None:
    assert aiq(np.array([2.0]), np.array([0.5]), 2.0, 10.0) == pytest.approx(0.5)


points = st.lists(
    st.tuples(st.floats(0.1, 100.0), st.floats(0.0, 1.0)), min_size=1, max_size=12, unique_by=lambda pair: pair[0]
)


@given(points)
def test_the_hull_is_the_best_mixture_that_a_budget_buys(pairs: list[tuple[float, float]]) -> None:
    cost, quality = np.array(pairs).T
    corners, heights = hull_of(cost, quality)
    assert (np.diff(corners) > 0).all() and (np.diff(heights) > 0).all()
    for budget in np.linspace(cost.min(), cost.max(), 7):
        best = max(quality[cost <= budget])
        for cheap, low in pairs:
            for dear, high in pairs:
                if cheap <= budget < dear:
                    best = max(best, low + (high - low) * (budget - cheap) / (dear - cheap))
        assert np.interp(budget, corners, heights) == pytest.approx(best, abs=1e-9)


@given(points)
def test_aiq_is_a_mean_height(pairs: list[tuple[float, float]]) -> None:
    cost, quality = np.array(pairs).T
    low, high = float(cost.min()), float(cost.max()) + 1.0
    value = aiq(cost, quality, low, high)
    assert quality[cost.argmin()] - 1e-9 <= value <= quality.max() + 1e-9
    corners, heights = hull_of(cost, quality)
    grid = np.linspace(low, high, 4001)
    assert value == pytest.approx(np.interp(grid, corners, heights).mean(), abs=2e-3)
