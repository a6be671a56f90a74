from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wattbench_reports.stats import HORIZON, Noise, change_points, noise_of
from wattbench_reports.stats.changepoints import candidates, penalty
from wattbench_reports.stats.series_noise import noise_sd

YEAR = {"level": 0.05 / HORIZON / 168, "resolution": 0.005, "least": 0.02}
ONCE = {"level": 0.05, "resolution": 0.001, "least": 0.0}


def nights(seed: int, count: int, *steps: tuple[int, float], sd: float = 0.01) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0.0, sd, count)
    for position, by in steps:
        values[position:] += by
    return values


def test_a_step_is_found_three_nights_after_it_and_dated() -> None:
    values = nights(1, 303, (300, math.log(1.05)))
    [shift] = change_points(values, **YEAR)
    assert abs(shift.position - 300) <= 2
    assert shift.after - shift.before == pytest.approx(math.log(1.05), abs=0.02)
    assert shift.p_value <= YEAR["level"]


def test_several_steps_are_found_in_order() -> None:
    shifts = change_points(nights(2, 200, (60, 0.08), (120, -0.06)), **YEAR)
    assert [abs(shift.position - at) <= 2 for shift, at in zip(shifts, (60, 120), strict=True)] == [True, True]
    assert shifts[0].after == pytest.approx(shifts[1].before)  # both are the mean of the stretch between them


def test_the_p_value_is_that_of_students_t_times_the_places() -> None:
    values = nights(3, 40, (20, 0.05))
    [shift] = change_points(values, **ONCE, noise=Noise())
    two = stats.ttest_ind(values[: shift.position], values[shift.position :])
    assert shift.p_value == pytest.approx(2 * 40 * two.pvalue)  # in the middle of 40


def test_nights_that_resemble_the_one_before_count_for_fewer() -> None:
    values = nights(3, 40, (20, 0.05))
    [alone] = change_points(values, **ONCE, noise=Noise())
    [alike] = change_points(values, **ONCE, noise=Noise(alike=0.4))
    assert alike.p_value > 100 * alone.p_value


def test_heavy_tails_ask_for_more_nights() -> None:
    values = nights(5, 302, (300, 0.05))
    assert change_points(values, **YEAR, noise=Noise(excess=0.05))
    assert not change_points(values, **YEAR, noise=Noise(excess=8.0))
    more = nights(5, 310, (300, 0.05))
    assert change_points(more, **YEAR, noise=Noise(excess=8.0))


def test_less_than_is_worth_telling_is_not_told() -> None:
    values = nights(6, 300, (150, 0.015))
    assert change_points(values, **(YEAR | {"least": 0.0}))
    assert not change_points(values, **YEAR)


def test_a_series_that_never_moves_has_no_change_and_one_that_moves_once_has_one() -> None:
    accuracy = np.full(100, 0.62)
    told = {"level": YEAR["level"], "resolution": 0.5 / 200, "least": 0.01}
    assert change_points(accuracy, **told) == ()
    accuracy[96:] -= 0.05
    [shift] = change_points(accuracy, **told)
    assert (shift.position, shift.before, shift.after) == (96, pytest.approx(0.62), pytest.approx(0.57))


@pytest.mark.parametrize("count", range(4))
def test_too_few_nights_for_two_stretches(count: int) -> None:
    assert change_points(np.arange(count, dtype=float), **ONCE) == ()


@given(
    where=st.integers(0, 99),
    size=st.floats(-50, 50),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_one_freak_night_is_no_change(where: int, size: float, seed: int) -> None:
    values = nights(seed, 100)
    values[where] += size
    assert change_points(values, **YEAR) == ()


@given(
    seed=st.integers(0, 10_000),
    at=st.integers(5, 75),
    by=st.sampled_from([-0.2, -0.06, 0.06, 0.2]),
    lift=st.floats(-10, 10),
)
@settings(max_examples=60, deadline=None)
def test_it_is_the_same_at_any_height_and_upside_down(seed: int, at: int, by: float, lift: float) -> None:
    values = nights(seed, 80, (at, by))
    plain, lifted, turned = (change_points(own, **YEAR) for own in (values, values + lift, -values))
    assert [each.position for each in plain] == [each.position for each in lifted]
    assert [each.position for each in plain] == [each.position for each in turned]
    assert [each.p_value for each in plain] == pytest.approx([each.p_value for each in turned], rel=1e-6)
    assert all(each.p_value <= YEAR["level"] for each in plain)


def test_stretches_without_a_change_give_no_alarm() -> None:
    """Four thousand series, each judged once at the level of one look."""
    found = sum(bool(change_points(nights(seed, 60), **(ONCE | {"level": 0.01}))) for seed in range(4000))
    assert found <= 0.01 * 4000


def test_candidates_are_those_of_an_optimal_partition() -> None:
    """Against all partitions of a short series."""
    values = nights(11, 12, (4, 0.3), (9, -0.2), sd=0.05)
    price = penalty(0.05) * noise_sd(values) ** 2

    def cost(bounds: list[int]) -> float:
        parts = [values[low:high] for low, high in zip([0, *bounds], [*bounds, 12], strict=True)]
        return sum(float(((own - own.mean()) ** 2).sum()) for own in parts) + price * len(bounds)

    ways = [[]] + [[a] for a in range(2, 11)] + [[a, b] for a in range(2, 9) for b in range(a + 2, 11)]
    ways += [[a, b, c] for a, b in [w for w in ways if len(w) == 2] for c in range(b + 2, 11)]
    assert candidates(values, level=0.05, resolution=1e-6) == min(ways, key=cost) != []


def test_noise_is_told_by_all_series_together() -> None:
    rng = np.random.default_rng(4)
    told = {"level": YEAR["level"], "resolution": 0.001}
    plain = noise_of([nights(seed, 200, (150, 0.1)) for seed in range(24)], **told)
    assert plain.excess == pytest.approx(0.0, abs=0.25)  # the steps are no noise
    assert plain.alike == pytest.approx(0.0, abs=0.05)
    heavy = noise_of([0.01 * rng.standard_t(4, 200) for _ in range(24)], **told)
    assert heavy.excess > 1.5
    alike = noise_of([_alike(rng, 200, 0.4) for _ in range(24)], **told)
    assert alike.alike == pytest.approx(0.4, abs=0.06)


def _alike(rng: np.random.Generator, count: int, rho: float) -> np.ndarray:
    drawn = rng.normal(0.0, 0.01, count)
    values = drawn.copy()
    for place in range(1, count):
        values[place] = rho * values[place - 1] + math.sqrt(1 - rho**2) * drawn[place]
    return values


def test_series_that_never_move_tell_no_noise() -> None:
    assert noise_of([np.full(50, 0.5), np.full(50, 0.25)], level=0.05, resolution=0.01) == Noise()


@pytest.mark.parametrize("sd", [0.01, 3.0])
def test_the_size_of_the_noise_is_hardly_raised_by_steps_and_freaks(sd: float) -> None:
    values = nights(8, 400, (200, 5 * sd), sd=sd)
    values[50] += 10 * sd
    assert noise_sd(values) == pytest.approx(sd, rel=0.12)
