"""Membership of the front: against brute force over any draws, with ties, infinities and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wattbench_reports.stats import front_not_excluded, pairwise_p_values, pareto_probabilities

# Few values, so that ties are common.
COSTS = st.sampled_from([0.0, 1.0, 2.0, 3.0, math.inf, math.nan])
QUALITIES = st.sampled_from([0.0, 0.5, 1.0, math.nan])


def by_brute_force(costs: np.ndarray, qualities: np.ndarray) -> list[float | None]:
    shares: list[float | None] = []
    for system in range(costs.shape[1]):
        on_front = []
        for cost, quality in zip(costs, qualities, strict=True):
            if math.isnan(cost[system]) or math.isnan(quality[system]):
                continue
            on_front.append(not any(
                cost[rival] <= cost[system] and quality[rival] >= quality[system]
                and (cost[rival] < cost[system] or quality[rival] > quality[system])
                for rival in range(costs.shape[1])
            ))  # fmt: skip
        shares.append(sum(on_front) / len(on_front) if on_front else None)
    return shares


@given(st.data(), st.integers(1, 6), st.integers(1, 5))
def test_agrees_with_brute_force(data: st.DataObject, resamples: int, systems: int) -> None:
    costs = data.draw(arrays(np.float64, (resamples, systems), elements=COSTS))
    qualities = data.draw(arrays(np.float64, (resamples, systems), elements=QUALITIES))
    assert pareto_probabilities(costs, qualities) == pytest.approx(by_brute_force(costs, qualities))


def test_worked_example() -> None:
    # Cheap and poor, dear and good, dearer and no better, as the first.
    assert pareto_probabilities(np.array([[1.0, 2, 3, 1]]), np.array([[0.2, 0.9, 0.9, 0.2]])) == [1, 1, 0, 1]


def test_infinite_cost_stays_only_by_being_the_best() -> None:
    costs = np.array([[math.inf, 5.0], [math.inf, 5.0]])
    assert pareto_probabilities(costs, np.array([[0.0, 0.5], [0.6, 0.5]])) == [0.5, 1]


def test_who_has_no_cost_takes_no_part() -> None:
    costs = np.array([[math.nan, 5.0, 6.0], [math.nan, 5.0, math.nan]])
    assert pareto_probabilities(costs, np.ones((2, 3))) == [None, 1, 0]


def test_no_draws_no_systems_and_no_match() -> None:
    assert pareto_probabilities(np.empty((0, 2)), np.empty((0, 2))) == [None, None]
    assert pareto_probabilities(np.empty((5, 0)), np.empty((5, 0))) == []
    with pytest.raises(ValueError, match="draw by draw"):
        pareto_probabilities(np.ones((2, 3)), np.ones((3, 2)))


def test_only_what_is_beaten_on_both_is_excluded() -> None:
    rng = np.random.default_rng(1)
    # Cheap and poor, dear and good, dear and poor, nearly as good as the second and far dearer.
    costs = np.array([1.0, 5, 6, 50]) + 0.1 * rng.normal(size=(8, 4))
    errors = np.array([0.6, 0.1, 0.7, 0.11]) + 0.05 * rng.normal(size=(8, 4))
    found = front_not_excluded(pairwise_p_values(costs), pairwise_p_values(errors))
    assert found.members == (0, 1, 3)
    assert found.p_values[2] is not None
    assert found.p_values[2] < 0.05


def test_no_figure_no_part_in_the_front() -> None:
    costs = np.array([[1.0, 2, np.nan]] * 8)
    found = front_not_excluded(pairwise_p_values(costs), pairwise_p_values(np.ones((8, 3))))
    assert found.members == (0, 1)
    assert found.p_values[2] is None
    assert front_not_excluded(np.full((1, 1), np.nan), np.full((1, 1), np.nan)).members == (0,)
    with pytest.raises(ValueError, match="same systems"):
        front_not_excluded(np.ones((2, 2)), np.ones((3, 3)))


@pytest.mark.simulation
@pytest.mark.parametrize("dearer", [0.0, 100.0])
def test_systems_of_the_front_are_seldom_excluded(dearer: float) -> None:
    # Five alike; or all equally good, and all but the first far dearer, where only accuracy keeps them on the front.
    rng = np.random.default_rng(2)
    runs = 500
    excluded = 0
    for _ in range(runs):
        costs = dearer * np.arange(5) + rng.normal(size=(8, 1)) + rng.normal(size=(8, 5))
        errors = rng.normal(size=(8, 1)) + rng.normal(size=(8, 5))
        excluded += len(front_not_excluded(pairwise_p_values(costs), pairwise_p_values(errors)).members) < 5
    assert excluded / runs <= 0.05
