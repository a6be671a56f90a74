"""The chance that k attempts at a task are all solved."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.repeated_trials import all_of_k


def test_it_is_the_share_of_all_draws_of_k_attempts() -> None:
    for attempts, k in itertools.product(range(1, 7), range(1, 7)):
        for solved in range(attempts + 1):
            made = [1] * solved + [0] * (attempts - solved)
            (chance,) = all_of_k(np.array([float(solved)]), np.array([float(attempts)]), k)
            if k > attempts:
                assert np.isnan(chance)
            else:
                draws = [all(drawn) for drawn in itertools.combinations(made, k)]
                assert chance == pytest.approx(sum(draws) / len(draws))


def test_it_is_unbiased() -> None:
    rng = np.random.default_rng(0)
    chance = rng.beta(0.6, 0.6, 200_000)
    solved = rng.binomial(5, chance).astype(float)
    for k in (1, 2, 3, 5):
        estimate = all_of_k(solved, np.full(len(solved), 5.0), k).mean()
        assert estimate == pytest.approx((chance**k).mean(), abs=0.005)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_more_attempts_are_never_likelier(solved: list[int]) -> None:
    attempts = np.full(len(solved), 6.0)
    shares = [all_of_k(np.array(solved, dtype=float), attempts, k).mean() for k in range(1, 7)]
    assert all(after <= before + 1e-12 for before, after in itertools.pairwise(shares))


def test_no_attempt_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 attempts"):
        all_of_k(np.ones(1), np.ones(1), 0)
