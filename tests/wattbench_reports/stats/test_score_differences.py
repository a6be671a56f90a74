"""The fall of a mean score: exact where few items differ, and as the standard error where many do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.block_ratios import log_ratio_losses
from wattbench_reports.stats.score_differences import MeanBounds, ScoreFall, mean_bounds, score_fall


def fall_of(rng: np.random.Generator, items: int, lost: float, won: float) -> ScoreFall:
    """Draw items of which a share is lost and another won."""
    drawn = rng.random(items)
    first, second = drawn < lost, (drawn >= lost) & (drawn < lost + won)
    return score_fall(first.astype(float), second.astype(float))


def test_where_no_item_differs_the_bound_is_exact() -> None:
    found = score_fall(np.ones(1000), np.ones(1000))
    low, high = found.bounds(0.1)
    assert high == pytest.approx(1 - 0.1 ** (1 / 1000), rel=1e-9)
    assert low == -high


def test_a_single_item_bounds_nothing() -> None:
    assert score_fall(np.ones(1), np.zeros(1)).bounds(0.1) == (-1.0, 1.0)


def test_bounds_narrow_as_the_standard_error_does() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for items in (5_000, 50_000, 500_000):
        found = fall_of(rng, items, 0.06, 0.04)
        low, high = found.bounds(0.05)
        widths.append(high - low)
        assert high - low == pytest.approx(2 * 1.645 * found.standard_error, rel=0.04)
    assert widths[0] / widths[1] == pytest.approx(10**0.5, rel=0.08)
    assert widths[1] / widths[2] == pytest.approx(10**0.5, rel=0.05)


def test_what_tasks_moved_apart_is_no_noise() -> None:
    """Four tasks gain what four others lose."""
    rng = np.random.default_rng(4)
    tasks = np.repeat(np.arange(8), 500)
    first = np.full(4000, 0.5)
    second = first + np.where(tasks < 4, 0.4, -0.4) + rng.normal(0, 0.02, 4000)
    low, high = score_fall(first, second, tasks).bounds(0.05)
    assert (low, high) == (pytest.approx(0, abs=0.003), pytest.approx(0, abs=0.003))
    assert high - low < 0.002
    wide = score_fall(first, second).bounds(0.05)
    assert wide[1] - wide[0] > 10 * (high - low)


@given(
    items=st.integers(2, 200),
    lost=st.floats(0, 0.5),
    won=st.floats(0, 0.5),
    level=st.sampled_from([0.005, 0.05, 0.1, 0.2]),
    seed=st.integers(0, 1000),
)
def test_bounds_hold_the_estimate_and_mirror(items: int, lost: float, won: float, level: float, seed: int) -> None:
    found = fall_of(np.random.default_rng(seed), items, lost, won)
    low, high = found.bounds(level)
    assert -1 <= low <= found.estimate <= high <= 1
    mirrored = ScoreFall(found.won, found.lost, found.effective, found.standard_error, found.df)
    assert mirrored.bounds(level) == (pytest.approx(-high), pytest.approx(-low))
    assert found.bounds(level / 2)[0] <= low
    assert found.bounds(level / 2)[1] >= high


@pytest.mark.slow
@pytest.mark.parametrize("items", [60, 400])
@pytest.mark.parametrize(("lost", "won"), [(0.002, 0.002), (0.01, 0.0), (0.05, 0.05), (0.1, 0.05)])
def test_bounds_are_wrong_no_more_often_than_they_say(items: int, lost: float, won: float) -> None:
    rng, samples, levels = np.random.default_rng(5), 1500, (0.0083, 0.05, 0.1)
    wrong = np.zeros((3, 2))
    for _ in range(samples):
        found = fall_of(rng, items, lost, won)
        for place, level in enumerate(levels):
            low, high = found.bounds(level)
            wrong[place] += [low > lost - won, high < lost - won]
    for level, of_level in zip(levels, wrong / samples, strict=True):
        assert of_level.max() <= level + 3 * (level * (1 - level) / samples) ** 0.5


def test_without_skewness_bounds_are_those_of_t() -> None:
    low, high = mean_bounds(np.array([1.0, 2.0, 3.0, 4.0])).bounds(0.05)
    half = 2.3534 * math.sqrt(5 / 3 / 4)
    assert (low, high) == (pytest.approx(2.5 - half, abs=1e-3), pytest.approx(2.5 + half, abs=1e-3))


def test_a_tail_moves_both_bounds_towards_it() -> None:
    plain, tailed = MeanBounds(0.0, 1.0, 100.0, 0.0), MeanBounds(0.0, 1.0, 100.0, 0.2)
    assert tailed.bounds(0.05)[0] > plain.bounds(0.05)[0]
    assert tailed.bounds(0.05)[1] > plain.bounds(0.05)[1]
    low, high = MeanBounds(0.0, 1.0, 100.0, -0.2).bounds(0.05)
    assert (-high, -low) == pytest.approx(tailed.bounds(0.05))


def test_strata_take_their_means_out_of_the_variance() -> None:
    values = np.array([0.0, 1.0, 10.0, 11.0])
    found = mean_bounds(values, np.array([0, 0, 2, 2]))
    assert (found.variance, found.df) == (pytest.approx(0.5 * 4 / 16), 2)
    assert mean_bounds(values, np.array([0, 0, 0, 1])) == mean_bounds(values), "a single value shows no spread"


def test_one_value_bounds_nothing() -> None:
    assert mean_bounds(np.ones(1)).bounds(0.05) == (-math.inf, math.inf)


@pytest.mark.slow
@pytest.mark.parametrize(("share", "times"), [(1.0, 1.1), (0.2, 1.5), (0.1, 2.0), (0.05, 3.0), (0.02, 6.0)])
def test_ten_per_cent_in_any_shape_is_within_the_bounds(share: float, times: float) -> None:
    rng, samples, items = np.random.default_rng(6), 800, 400
    wrong = np.zeros(2)
    for _ in range(samples):
        ours = rng.lognormal(0, 0.5, items)
        theirs = ours * np.where(rng.random(items) < share, times, 1.0) * rng.lognormal(-0.00125, 0.05, items)
        losses = log_ratio_losses(np.column_stack([ours, theirs]), np.ones((items, 2)))
        found = mean_bounds(losses[:, 1] - losses[:, 0], estimate=math.log(theirs.sum() / ours.sum()))
        wrong += [found.bounds(0.05)[0] > math.log(1.1), found.bounds(0.1)[1] < math.log(1.1)]
    for rate, level in zip(wrong / samples, (0.05, 0.1), strict=True):
        assert rate <= level + 3 * (level * (1 - level) / samples) ** 0.5
