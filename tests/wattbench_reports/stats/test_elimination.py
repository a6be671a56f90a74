"""Leaders as a set: what is left, and how often a best system is dropped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ttest_rel

from wattbench_reports.stats import (
    NotExcluded,
    eliminate_by_pairs,
    pairwise_p_values,
    pairwise_p_values_of_draws,
)


def eliminate(values: np.ndarray, alpha: float = 0.05) -> NotExcluded:
    return eliminate_by_pairs(pairwise_p_values(values), alpha)


def losses(rng: np.random.Generator, means: np.ndarray, units: int = 8, spread: float = 1.0) -> np.ndarray:
    """Losses in units that are all slow or fast together."""
    return means + 2 * rng.normal(size=(units, 1)) + spread * rng.normal(size=(units, len(means)))


def test_two_systems_are_a_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = losses(rng, np.array([0.0, 0.8]))
        expected = ttest_rel(values[:, 0], values[:, 1]).pvalue
        found = eliminate(values)
        assert min(p for p in found.p_values if p is not None) == pytest.approx(expected)
        assert (len(found.members) == 1) == (expected <= 0.05)


def test_a_clear_winner_is_alone_and_of_equals_none_is() -> None:
    rng = np.random.default_rng(2)
    means = np.array([9.0, 1, 9, 9, 9, 9, 9, 9])
    assert eliminate(losses(rng, means)).members == (1,)
    tied = np.array([9.0, 1, 9, 1, 9, 9, 9, 9])
    assert eliminate(losses(rng, tied)).members == (1, 3)


def test_a_noisy_system_does_not_hide_a_precise_difference() -> None:
    rng = np.random.default_rng(3)
    values = losses(rng, np.array([0.0, 2.0, 0.0]), spread=0.2)
    values[:, 2] += 20 * rng.normal(size=8)
    assert eliminate(values).members == (0, 2)


def test_p_values_are_the_running_maximum_and_members_follow_from_them() -> None:
    found = eliminate(losses(np.random.default_rng(4), np.arange(5.0)))
    p_values = [p for p in found.p_values if p is not None]
    assert p_values == sorted(p_values, reverse=True)
    assert p_values[0] == 1
    for alpha in (0.01, 0.05, 0.2, 0.6):
        members = eliminate(losses(np.random.default_rng(4), np.arange(5.0)), alpha).members
        assert members == tuple(system for system, p in enumerate(p_values) if p > alpha)


def test_any_test_of_pairs_will_do() -> None:
    p_values = np.array([[np.nan, 0.9, 0.99], [0.1, np.nan, 0.9], [0.001, 0.1, np.nan]])
    assert eliminate_by_pairs(p_values).p_values == (1.0, pytest.approx(0.2), pytest.approx(0.006))


def test_gaps_exclude_nothing() -> None:
    values = losses(np.random.default_rng(5), np.array([0.0, 50, 3]))
    values[:, 2] = np.nan
    found = eliminate(values)
    assert found.members == (0,)
    assert found.p_values[2] is None
    pairs = np.array([[np.nan, 0.999, np.nan], [0.001, np.nan, np.nan], [np.nan, np.nan, np.nan]])
    assert eliminate_by_pairs(pairs).p_values == (1.0, pytest.approx(0.002), None)


def test_few_units_and_few_systems() -> None:
    assert eliminate(np.ones((8, 1))).members == (0,)
    assert eliminate(np.array([[1.0, 2.0]])).members == (0, 1)
    assert eliminate(np.empty((8, 0))).members == ()


def test_units_without_spread_are_a_sign_test() -> None:
    same = np.tile([1.0, 2.0], (8, 1))
    assert pairwise_p_values(same)[1, 0] == pytest.approx(0.5**8)
    assert pairwise_p_values(same)[0, 1] == 1
    assert pairwise_p_values(same[:3])[1, 0] == pytest.approx(0.125)


def test_draws_give_what_many_items_give() -> None:
    rng = np.random.default_rng(6)
    values = losses(rng, np.array([0.0, 0.1, 0.2, 3.0]), units=400)
    rows = rng.integers(0, 400, (4000, 400))
    of_draws = pairwise_p_values_of_draws(values.mean(axis=0), values[rows].mean(axis=1))
    assert of_draws == pytest.approx(pairwise_p_values(values), abs=0.02, nan_ok=True)
    assert eliminate_by_pairs(of_draws).members == eliminate(values).members


@given(arrays(np.float64, (5, 4), elements=st.sampled_from([0.0, 1.0, 2.5, np.nan])))
def test_any_losses_leave_a_set(values: np.ndarray) -> None:
    found = eliminate(values)
    known = [system for system in range(4) if not np.isnan(values[:, system]).any()]
    if len(known) > 1:
        assert found.members
    assert set(found.members) <= set(known)
    assert all(p is None or 0 <= p <= 1 for p in found.p_values)


SPREADS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "skewed": lambda rng, shape: rng.lognormal(0, 1, shape),
    "unequal": lambda rng, shape: rng.normal(size=shape) * np.geomspace(0.3, 3, shape[1]),
}


@pytest.mark.slow
@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize(("units", "systems"), [(5, 4), (8, 8), (8, 16), (16, 8)])
def test_a_best_system_is_seldom_dropped(spread: str, units: int, systems: int) -> None:
    rng = np.random.default_rng(units * systems)
    runs = 500
    dropped = sum(
        len(eliminate(rng.normal(size=(units, 1)) + SPREADS[spread](rng, (units, systems))).members) < systems
        for _ in range(runs)
    )
    assert dropped / runs <= 0.05 + 2 * (0.05 * 0.95 / runs) ** 0.5
