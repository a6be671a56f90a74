from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, stats

from wattbench_reports.stats import HORIZON, Noise, Shift, noise_of
from wattbench_reports.stats.series.changepoints import LEAST_NIGHTS, SharedEffect, newest_shifts
from wattbench_reports.stats.series.level_shift import p_with_freaks, window_sizes, windows

YEAR = {"level": 0.04 / HORIZON / 168, "resolution": 0.005, "least": 0.02}
ONCE = {"level": 0.05, "resolution": 1e-6, "least": 0.0}
NORMAL = Noise(df=1e6)


def nights(seed: int, count: int, *steps: tuple[int, float], sd: float = 0.01) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0.0, sd, count)
    for position, by in steps:
        values[position:] += by
    return values


def autoregressive(rng: np.random.Generator, shape: tuple[int, int], alike: float, sd: float = 0.01) -> np.ndarray:
    drawn = rng.normal(0.0, sd, shape)
    values = drawn.copy()
    for night in range(1, shape[1]):
        values[:, night] = alike * values[:, night - 1] + math.sqrt(1 - alike**2) * drawn[:, night]
    return values


def shifts_of(values: np.ndarray, noise: Noise = NORMAL, **options: float) -> list[Shift]:
    return list(newest_shifts(np.atleast_2d(values), None, noise, **options))


def test_a_step_is_found_three_nights_after_it_and_dated() -> None:
    [shift] = shifts_of(nights(1, 303, (300, math.log(1.05))), **YEAR)
    assert shift.fit.shape == "step"
    assert abs(shift.fit.position - 300) <= 1
    assert shift.fit.after - shift.fit.before == pytest.approx(math.log(1.05), abs=0.02)
    assert shift.p_value <= YEAR["level"]


@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_windows_are_generalised_least_squares(alike: float) -> None:
    """Against the textbook's: the covariance of all nights, inverted."""
    series = nights(3, 40, (25, 0.02))
    covariance = linalg.toeplitz(alike ** np.arange(40)) / (1 - alike**2)
    sizes = window_sizes(38)
    fits = windows(series[None], alike, sizes)
    for column, size in enumerate(sizes):
        design = np.stack([np.ones(40), np.arange(40) >= 40 - size], axis=1)
        information = design.T @ linalg.solve(covariance, design)
        estimate = linalg.solve(information, design.T @ linalg.solve(covariance, series))
        assert fits.shift[0, column] == pytest.approx(estimate[1])
        assert 1 / fits.information[column] == pytest.approx(linalg.inv(information)[1, 1])
    design = np.stack([np.ones(40), np.arange(40) / 39], axis=1)
    information = design.T @ linalg.solve(covariance, design)
    estimate = linalg.solve(information, design.T @ linalg.solve(covariance, series))
    assert fits.slope[0] == pytest.approx(estimate[1])
    assert fits.slope_gain[0] == pytest.approx(estimate[1] ** 2 / linalg.inv(information)[1, 1])


def test_the_p_value_without_freaks_is_that_of_students_t() -> None:
    values = nights(3, 40, (20, 0.05))
    fits = windows(values[None], 0.0, np.array([20]))
    sd = math.sqrt(float(fits.squares[0] - fits.gain[0, 0]) / 38)
    two = stats.ttest_ind(values[:20], values[20:])
    assert math.sqrt(fits.gain[0, 0]) / sd == pytest.approx(abs(two.statistic))
    assert p_with_freaks(values, 20, NORMAL, sd, 1.0) == pytest.approx(two.pvalue / 2, rel=1e-6)


def test_nights_that_resemble_the_one_before_count_for_fewer() -> None:
    values = nights(4, 60, (50, 0.03))
    [alone] = shifts_of(values, **YEAR)
    assert not shifts_of(values, Noise(alike=0.8, df=1e6), **YEAR)
    [inflated] = shifts_of(values, replace(NORMAL, inflation=(1.0, 1.2, 1.2, 1.2)), **YEAR)
    assert inflated.p_value > 3 * alone.p_value


def test_heavy_tails_ask_for_more_nights() -> None:
    values = nights(5, 302, (300, 0.06))
    assert shifts_of(values, **YEAR)
    heavy = Noise(df=3.5)
    assert not shifts_of(values, heavy, **YEAR)
    assert shifts_of(nights(5, 310, (300, 0.06)), heavy, **YEAR)


def test_nights_of_a_large_shared_effect_are_less_sure() -> None:
    values = nights(5, 303, (300, 0.06))
    effect = np.zeros((1, 303))
    effect[:, 300:] = 1.0  # all systems took e times as long
    for variance, expected in ((0.0, 1), (0.03**2, 0)):
        shared = SharedEffect(effect, np.array([variance]))
        assert len(list(newest_shifts(values[None], shared, NORMAL, **YEAR))) == expected


def test_less_than_is_of_interest_is_not_found() -> None:
    values = nights(6, 300, (150, 0.015))
    assert shifts_of(values, **(YEAR | {"least": 0.0}))
    assert not shifts_of(values, **YEAR)


def test_a_series_that_never_moves_has_no_change_and_one_that_moves_once_has_one() -> None:
    accuracy = np.full(100, 0.62)
    options = {"level": YEAR["level"], "resolution": 0.5 / 200, "least": 0.01}
    assert not shifts_of(accuracy, **options)
    accuracy[96:] -= 0.05
    [shift] = shifts_of(accuracy, **options)
    assert (shift.fit.position, shift.fit.before) == (96, pytest.approx(0.62))
    assert shift.fit.after == pytest.approx(0.57)


@pytest.mark.parametrize("count", [2, LEAST_NIGHTS - 1])
def test_before_ten_nights_nothing_is_found(count: int) -> None:
    assert not shifts_of(nights(1, count, (count - 2, 10.0)), **ONCE)
    assert shifts_of(nights(1, LEAST_NIGHTS, (LEAST_NIGHTS - 2, 10.0)), **ONCE)


@pytest.mark.parametrize("seed", range(5))
def test_a_creep_is_no_step(seed: int) -> None:
    values = nights(seed, 365) + np.linspace(0.0, math.log(1.05), 365)
    first = next(shift for count in range(60, 366, 5) for shift in shifts_of(values[:count], **YEAR))
    assert first.fit.shape == "creep"


def test_a_creep_that_begins_is_a_hinge() -> None:
    values = nights(9, 260) + np.maximum(np.arange(260) - 200, 0) * 0.001
    [shift] = shifts_of(values, **YEAR)
    assert shift.fit.shape == "hinge"
    assert shift.fit.position == pytest.approx(201, abs=15)
    assert shift.fit.after - shift.fit.before == pytest.approx(0.06, abs=0.015)


@given(
    where=st.integers(0, 99), size=st.floats(-50, 50), seed=st.integers(0, 10_000), alike=st.sampled_from([0.0, 0.5])
)
@settings(max_examples=60)
def test_one_freak_night_is_no_change(where: int, size: float, seed: int, alike: float) -> None:
    values = nights(seed, 100)
    values[where] += size
    for count in range(max(where, LEAST_NIGHTS), min(where + 6, 101)):
        assert not shifts_of(values[:count], Noise(alike=alike), **YEAR)


@given(
    seed=st.integers(0, 10_000),
    at=st.integers(5, 75),
    by=st.sampled_from([-0.2, -0.06, 0.06, 0.2]),
    lift=st.floats(-10, 10),
)
@settings(max_examples=60)
def test_it_is_the_same_at_any_height_and_upside_down(seed: int, at: int, by: float, lift: float) -> None:
    values = nights(seed, 80, (at, by))
    plain, lifted, turned = (shifts_of(series, **YEAR) for series in (values, values + lift, -values))
    assert [each.fit.position for each in plain] == [each.fit.position for each in lifted]
    assert [each.fit.position for each in plain] == [each.fit.position for each in turned]
    assert [each.p_value for each in plain] == pytest.approx([each.p_value for each in turned], rel=1e-6)


@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_series_without_a_change_show_one_as_rarely_as_declared(alike: float) -> None:
    """Four thousand series, each judged once at the level of one look, in both directions."""
    series = autoregressive(np.random.default_rng(12), (4000, 60), alike)
    shown = shifts_of(series, Noise(alike=alike, df=1e6), **(ONCE | {"level": 0.025}))
    assert len(shown) <= 0.05 * 4000


def test_noise_is_estimated_from_all_series_together() -> None:
    rng = np.random.default_rng(4)
    plain = noise_of(rng.normal(0.0, 0.01, (24, 200)))
    assert plain.alike == pytest.approx(0.0, abs=0.05)
    assert plain.df > 30
    assert max(plain.inflation) < 1.3
    heavy = noise_of(0.01 * rng.standard_t(4, (24, 200)))
    assert 3 < heavy.df < 7
    assert heavy.alike < 0.05
    alike = noise_of(autoregressive(rng, (24, 200), 0.6))
    assert alike.alike == pytest.approx(0.6, abs=0.06)
    assert max(alike.inflation) < 1.7


def test_waves_that_one_night_hides_inflate_long_windows() -> None:
    rng = np.random.default_rng(5)
    waves = noise_of(rng.normal(0.0, 0.01, (24, 300)) + autoregressive(rng, (24, 300), 0.97, sd=0.01))
    assert waves.inflation[4] > 1.5


def test_steps_in_some_series_hardly_move_the_noise() -> None:
    rng = np.random.default_rng(6)
    series = rng.normal(0.0, 0.01, (24, 200))
    series[:6, 100:] += 0.1
    assert noise_of(series - np.median(series, axis=1, keepdims=True)).alike == pytest.approx(0.0, abs=0.08)


def test_series_that_never_move_have_no_noise() -> None:
    assert noise_of(np.zeros((2, 50))) == Noise()


def test_windows_grow_by_a_quarter() -> None:
    assert window_sizes(30).tolist() == [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 22, 27]
