"""Membership of the front: against brute force over any draws, with ties, infinities and gaps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wattbench_reports.stats import pareto_probabilities

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
