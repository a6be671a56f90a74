"""The chance that k attempts at a task are all solved."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats import accuracy_interval
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


@pytest.mark.slow
@pytest.mark.parametrize(("tasks", "attempts", "alike"), [(80, 5, 4.0), (20, 3, 2.0), (12, 5, 1.0)])
def test_intervals_over_tasks_cover(tasks: int, attempts: int, alike: float) -> None:
    """Of pass^k, and of the share of costs that failed attempts have, where tasks are unlike in length and chance."""
    rng = np.random.default_rng(2)
    chance = 1 / (1 + np.exp(-rng.normal(0.3, alike, 200_000)))
    size = np.exp(rng.normal(0.0, 0.6, 200_000))
    failing = 2 * (1 - chance) * size  # a failed attempt costs twice as much
    share, runs, held = failing.sum() / (failing + chance * size).sum(), 400, np.zeros(2)
    for _ in range(runs):
        drawn = rng.integers(0, len(chance), tasks)
        made = rng.random((tasks, attempts)) < chance[drawn, None]
        cost = np.where(made, 1.0, 2.0) * size[drawn, None] * np.exp(rng.normal(0.0, 0.3, made.shape))
        values = all_of_k(made.sum(axis=1).astype(float), np.full(tasks, float(attempts)), 3)
        for number, (interval, truth) in enumerate((
            (accuracy_interval(values, np.ones(tasks)), (chance**3).mean()),
            (accuracy_interval((cost * ~made).sum(axis=1), cost.sum(axis=1)), share),
        )):  # fmt: skip
            assert interval is not None
            held[number] += interval.low <= truth <= interval.high
    assert (held / runs >= 0.915).all(), held / runs
    assert (held / runs <= 0.99).all(), held / runs
