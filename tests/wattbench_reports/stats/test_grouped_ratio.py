"""Ratios of sums over units in time: their error where units are independent, come in groups, or wander."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattbench_reports.stats.grouped_ratio import GroupedRatio, grouped_ratio

SIGNS = np.array([-1.0, 1.0])


def estimate(sums: np.ndarray, groups: int) -> GroupedRatio:
    units = len(sums)
    found = grouped_ratio(sums, SIGNS, np.arange(units) * groups // units, np.ones(units, dtype=np.int64))
    assert found is not None
    return found


def test_it_is_the_ratio_of_sums() -> None:
    sums = np.array([[1.0, 2.0], [3.0, 2.0], [2.0, 5.0]])
    found = estimate(sums, 3)
    assert found.log_ratio == pytest.approx(np.log(9 / 6))
    parts = sums[:, 1] / 9 - sums[:, 0] / 6
    assert found.se >= np.sqrt((parts**2).sum() * 3 / 2) * (1 - 1e-12)
    assert found.df == pytest.approx(2.0)


def test_per_correct_it_is_a_ratio_of_ratios() -> None:
    sums = np.array([[10.0, 12.0, 5.0, 6.0], [10.0, 12.0, 5.0, 6.0]])
    found = grouped_ratio(sums, np.array([-1.0, 1.0, 1.0, -1.0]), np.array([0, 1]), np.array([8, 8]))
    assert found is not None
    assert found.log_ratio == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("sums", [[[1.0, 2.0]], [[0.0, 2.0], [0.0, 1.0]]])
def test_of_one_group_or_of_nothing_there_is_none(sums: list[list[float]]) -> None:
    group = np.arange(len(sums))
    assert grouped_ratio(np.array(sums), SIGNS, group, np.ones(len(sums), dtype=np.int64)) is None


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_units_of_the_figures_move_the_ratio_alone(seed: int, one: float, other: float) -> None:
    sums = np.random.default_rng(seed).lognormal(0, 0.5, (24, 2))
    first, second = estimate(sums, 6), estimate(sums * [one, other], 6)
    assert second.log_ratio == pytest.approx(first.log_ratio + np.log(other / one), abs=1e-9)
    assert (second.se, second.df, second.skew) == pytest.approx((first.se, first.df, first.skew))


def z_scores(draw, groups: int, runs: int = 400) -> np.ndarray:
    rng = np.random.default_rng(3)
    found = [estimate(np.exp(draw(rng)), groups) for _ in range(runs)]
    return np.array([each.log_ratio / each.se for each in found])


@pytest.mark.slow
@pytest.mark.parametrize("world", ["independent", "groups", "wander"])
def test_the_standard_error_is_not_too_small(world: str) -> None:
    """In all three the share beyond t at 10%, two-sided, is at most that, and three standard errors of 400 runs."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        if world == "independent":
            return rng.normal(0, 0.05, (48, 2))
        if world == "groups":
            return np.repeat(rng.normal(0, 0.03, (8, 2)), 6, axis=0)
        shocks = rng.normal(0, 0.03, (48, 2)) * np.sqrt(1 - 0.6**2)
        return np.array(list(accumulate(shocks, lambda before, shock: 0.6 * before + shock)))

    beyond = np.abs(z_scores(draw, 8)) > 1.895  # t of 7 degrees of freedom
    assert beyond.mean() <= 0.10 + 3 * np.sqrt(0.1 * 0.9 / 400)


def test_few_long_units_have_a_skew() -> None:
    sums = np.ones((64, 2))
    sums[[5, 40], 1] = 6.0
    assert estimate(sums, 8).skew > 0
    sums[[5, 40]] = [6.0, 1.0]
    assert estimate(sums, 8).skew == 0
