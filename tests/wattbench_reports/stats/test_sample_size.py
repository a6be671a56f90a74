"""Power: against enumeration, simulation and the closed forms; and at the edges, where nothing was found to differ."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, multinomial

from wattbench_reports.stats import (
    log_ratio_se,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    power_of,
)


@cache
def p_value(first_only: int, second_only: int) -> float:
    tosses = first_only + second_only
    return float(binomtest(first_only, tosses).pvalue) if tosses else 1.0


@pytest.mark.parametrize(
    ("difference", "share", "items"), [(0.3, 0.4, 25), (-0.3, 0.4, 25), (0.0, 0.5, 30), (0.2, 0.2, 30), (1.0, 1.0, 6)]
)
def test_agrees_with_every_outcome_enumerated(difference: float, share: float, items: int) -> None:
    chances = [(share + difference) / 2, (share - difference) / 2, 1 - share]
    found = sum(
        multinomial.pmf([ours, theirs, items - ours - theirs], items, chances)
        for ours in range(items + 1)
        for theirs in range(items + 1 - ours)
        if p_value(ours, theirs) <= 0.05
    )
    assert power_of(difference, share, items) == pytest.approx(found, abs=1e-8)


@pytest.mark.parametrize(("difference", "share", "items"), [(0.02, 0.05, 1319), (0.1, 0.3, 200)])
def test_agrees_with_simulation(difference: float, share: float, items: int) -> None:
    rng = np.random.default_rng(3)
    chances = [(share + difference) / 2, (share - difference) / 2, 1 - share]
    runs = rng.multinomial(items, chances, 3000)
    found = np.mean([p_value(int(ours), int(theirs)) <= 0.05 for ours, theirs, _ in runs])
    # Three binomial standard errors of 3,000 runs.
    assert power_of(difference, share, items) == pytest.approx(found, abs=3 * 0.009)


def test_without_a_difference_power_is_the_rate_of_false_alarms() -> None:
    assert 0.02 < power_of(0.0, 0.3, 300) <= 0.05


@given(st.floats(0, 1), st.integers(6, 3000))
@settings(max_examples=60)
def test_the_smallest_difference_is_found_with_its_power(share: float, items: int) -> None:
    smallest = minimum_detectable_difference(share, items)
    assert smallest is not None
    assert 0 < smallest <= 1
    assert power_of(smallest, share, items) == pytest.approx(0.8, abs=1e-4) or smallest == 1
    assert power_of(0.99 * smallest, share, items) < 0.8


def test_many_items_are_as_the_normal_approximation_says() -> None:
    # (1.95996 * sqrt(0.1) + 0.84162 * sqrt(0.1 - d^2)) / sqrt(n), d of about 0.0028
    assert minimum_detectable_difference(0.1, 100_000) == pytest.approx(2.80158 * math.sqrt(0.1 / 100_000), rel=0.01)


def test_no_disagreement_still_leaves_room_for_a_difference() -> None:
    smallest = minimum_detectable_difference(0.0, 1000)
    assert smallest is not None
    # All disagreements go one way, and six of them are the fewest that can be significant.
    assert binom.sf(5, 1000, smallest) == pytest.approx(0.8, abs=1e-5)
    assert smallest == pytest.approx(8 / 1000, rel=0.02)
    assert power_of(0.0, 0.0, 1000) == 0


@pytest.mark.parametrize("items", [0, 1, 5])
def test_too_few_items_find_nothing_whatever_it_be(items: int) -> None:
    assert minimum_detectable_difference(0.5, items) is None
    assert power_of(1.0, 1.0, items) == 0


@pytest.mark.parametrize("call", [
    lambda: power_of(1.5, 0.5, 10), lambda: power_of(0.1, 1.5, 10), lambda: power_of(0.1, 0.5, -1),
    lambda: minimum_detectable_difference(math.nan, 10),
    lambda: minimum_detectable_shift(-1.0), lambda: minimum_detectable_ratio(math.nan),
])  # fmt: skip
def test_impossible_questions_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match=r"not possible|not a share|not a standard error"):
        call()  # type: ignore[operator]


def test_ratio_is_found_with_its_power() -> None:
    error = 0.05
    factor = minimum_detectable_ratio(error)
    rng = np.random.default_rng(1)
    estimates = rng.normal(math.log(factor), error, 20_000)
    assert np.mean(np.abs(estimates) > 1.959964 * error) == pytest.approx(0.8, abs=0.01)
    assert minimum_detectable_ratio(0.0) == 1
    assert math.isinf(minimum_detectable_ratio(1e6))
    assert minimum_detectable_shift(2.0) == pytest.approx(2 * 2.80158, rel=1e-5)


def test_log_ratio_error_matches_a_bootstrap() -> None:
    rng = np.random.default_rng(7)
    hard = rng.random(400)
    joules = [5 + 10 * hard + rng.normal(0, 1, 400), 8 + 9 * hard + rng.normal(0, 1, 400)]
    correct = [(rng.random(400) < 0.9 - 0.5 * hard).astype(float) for _ in range(2)]
    ours = log_ratio_se(joules[0], correct[0], joules[1], correct[1])
    draws = []
    for _ in range(3000):
        rows = rng.integers(0, 400, 400)
        sums = [column[rows].sum() for column in (joules[0], correct[0], joules[1], correct[1])]
        draws.append(math.log(sums[0] / sums[1] / (sums[2] / sums[3])))
    assert ours == pytest.approx(np.std(draws), rel=0.06)


def test_log_ratio_is_paired() -> None:
    joules, correct = np.geomspace(1, 100, 50), np.ones(50)
    assert log_ratio_se(joules, correct, 2 * joules, correct) == pytest.approx(0, abs=1e-12)


def test_a_ratio_that_is_none_has_no_error() -> None:
    ones = np.ones(5)
    assert log_ratio_se(ones, np.zeros(5), ones, ones) is None
    assert log_ratio_se(ones[:1], ones[:1], ones[:1], ones[:1]) is None
    assert log_ratio_se(np.eye(5)[0], np.eye(5)[0], np.eye(5)[0], np.eye(5)[0]) is None
    assert log_ratio_se(*(np.empty(0),) * 4) is None
