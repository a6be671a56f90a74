"""The level of a series: its interval holds as often as it says, and a burst moves nothing by much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats import levels_of, single_night

FINE = 1e-9


@pytest.mark.parametrize("nights", [4, 8, 28])
def test_the_interval_of_one_more_night_holds_it_in_19_of_20(nights: int) -> None:
    values = np.random.default_rng(nights).normal(0.0, 0.02, (4000, nights + 1))
    levels = levels_of(values[:, :-1], FINE)
    held = np.abs(values[:, -1] - levels.centre) <= levels.reach
    assert held.mean() >= 0.93  # 4,000 of 95%: standard error 0.3%


@pytest.mark.parametrize(("nights", "most"), [(6, 0.03), (12, 0.015), (28, 0.005)])
def test_one_doubled_night_hardly_moves_an_interval(nights: int, most: float) -> None:
    """Of 1% noise; the mean would rise by 69% / nights, and the interval be dozens of times as wide."""
    values = np.random.default_rng(1).normal(0.0, 0.01, (400, nights))
    burst = values.copy()
    burst[:, nights // 2] += np.log(2)
    before, after = levels_of(values, FINE), levels_of(burst, FINE)
    assert np.abs(after.centre - before.centre).max() < 0.02
    assert np.mean(after.error - before.error) < most


def test_a_step_leaves_the_scatter_of_its_nights_until_half_of_them_show_it() -> None:
    values = np.random.default_rng(2).normal(0.0, 0.01, (200, 28))
    stepped = values.copy()
    stepped[:, -6:] += 0.5
    assert np.median(levels_of(stepped, FINE).error / levels_of(values, FINE).error) < 1.5
    assert np.median(np.abs(levels_of(stepped, FINE).centre)) < 0.01


def test_a_series_that_swings_between_two_levels_scatters_by_their_distance() -> None:
    swinging = np.tile([0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.0, 0.5], (1, 3))
    assert levels_of(swinging, FINE).error[0] > 0.3


def test_the_scatter_is_no_smaller_than_the_resolution_of_each_series() -> None:
    levels = levels_of(np.full((2, 10), 0.6), np.array([0.0025, 0.01]))
    assert levels.error[0] >= 0.0025
    assert levels.error[1] == pytest.approx(4 * levels.error[0])


@given(st.integers(4, 28), st.floats(-5.0, 5.0), st.floats(0.01, 100.0))
def test_moved_and_stretched_nights_have_the_level_moved_and_stretched(nights: int, by: float, factor: float) -> None:
    values = np.random.default_rng(nights).normal(0.0, 1.0, (1, nights))
    plain, other = levels_of(values, FINE), levels_of(by + factor * values, FINE)
    assert other.centre[0] == pytest.approx(by + factor * plain.centre[0])
    assert other.error[0] == pytest.approx(factor * plain.error[0])


def test_nights_without_a_figure_are_none_of_the_level() -> None:
    values = np.array([[1.0, np.nan, 1.2, 0.9, np.nan, 1.1], [np.nan] * 6])
    levels = levels_of(values, FINE)
    assert levels.nights.tolist() == [4, 0]
    assert levels.centre[0] == pytest.approx(1.05)
    assert np.isnan(levels.centre[1])
    assert np.isnan(levels_of(np.empty((1, 0)), FINE).centre[0])


def test_a_single_night_has_the_error_of_two() -> None:
    level = single_night(0.7, 0.01)
    assert (level.centre[0], level.nights[0]) == (0.7, 1)
    assert level.error[0] == pytest.approx(0.01 * np.sqrt(2))
