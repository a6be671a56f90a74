"""Which systems cannot be excluded from a front."""

from __future__ import annotations

import numpy as np
import pytest

from wattbench_reports.stats import front_not_excluded, pairwise_p_values


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


@pytest.mark.slow
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
