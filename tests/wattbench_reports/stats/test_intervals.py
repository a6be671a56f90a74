"""Accuracy intervals: textbook values, edges, and how often they hold; shares over clusters, and differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from wattbench_reports.stats import Interval, accuracy_interval, interval_difference, wilson_interval
from wattbench_reports.stats.intervals import clustered_share


@given(st.integers(1, 500), st.data())
def test_wilson_agrees_with_scipy(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    ours = wilson_interval(successes / trials, trials)
    theirs = binomtest(successes, trials).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert 0 <= ours.low <= ours.estimate <= ours.high <= 1


@pytest.mark.parametrize(("share", "trials"), [(0.5, 0), (-0.1, 10), (1.1, 10), (float("nan"), 10)])
def test_wilson_refuses_what_is_no_share(share: float, trials: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson_interval(share, trials)


def test_items_asked_once_get_wilson() -> None:
    correct = np.array([1.0, 0, 0, 1, 1, 0, 1, 1])
    assert accuracy_interval(correct, np.ones(8)) == wilson_interval(5 / 8, 8)


def test_nothing_asked_is_no_accuracy() -> None:
    assert accuracy_interval(np.zeros(3), np.zeros(3)) is None


def test_repeats_that_agree_are_not_more_items() -> None:
    once = accuracy_interval(np.array([1.0, 0] * 20), np.ones(40))
    often = accuracy_interval(np.array([10.0, 0] * 20), np.full(40, 10.0))
    assert once is not None
    assert often is not None
    assert often.estimate == once.estimate
    # The same 40 items: ten times the answers bring nothing, and Student's t costs a little.
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.06)


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1)), min_size=1, max_size=30))
def test_any_scores_give_an_ordered_interval_within_bounds(rows: list[tuple[int, float]]) -> None:
    asked = np.array([float(count) for count, _ in rows])
    correct = np.array([count * share for count, share in rows])
    interval = accuracy_interval(correct, asked)
    assert interval is not None
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1


def test_unanimous_repeats_still_leave_doubt() -> None:
    interval = accuracy_interval(np.full(10, 3.0), np.full(10, 3.0))
    assert interval is not None
    assert interval.low < 0.8


@pytest.mark.parametrize("clusters", [1, 3, 8])
@pytest.mark.parametrize("alike", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_share_over_clusters_is_covered(clusters: int, alike: float, share: float) -> None:
    """`alike`: how alike two trials of a cluster are, as a correlation. 12 trials in each."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(400):
        common = rng.random((clusters, 1)) < share
        own = rng.random((clusters, 12)) < share
        trials = np.where(rng.random((clusters, 12)) < np.sqrt(alike), common, own)
        interval = clustered_share(trials.mean(axis=1))
        covered += interval.low <= share <= interval.high
    assert covered / 400 >= 0.93


def test_whole_clusters_have_the_exact_binomial_interval() -> None:
    found = clustered_share(np.array([0.0, 0.0, 1.0]))
    assert (found.estimate, found.low, found.high) == pytest.approx((1 / 3, 0.0084, 0.9057), abs=1e-4)
    assert clustered_share(np.zeros(20)).high == pytest.approx(0.1684, abs=1e-4)
    assert clustered_share(np.ones(3)).low == pytest.approx(0.2924, abs=1e-4)


def test_no_cluster_has_no_share() -> None:
    with pytest.raises(ValueError, match="no clusters"):
        clustered_share(np.empty(0))


def test_each_side_of_a_difference_is_the_root_of_the_sum_of_squares() -> None:
    found = interval_difference(Interval(10.0, 7.0, 12.0), Interval(4.0, 3.0, 8.0))
    assert found == Interval(6.0, 6.0 - math.hypot(3.0, 4.0), 6.0 + math.hypot(2.0, 1.0))


def test_a_bound_that_is_missing_is_missing_of_the_difference() -> None:
    assert interval_difference(Interval(1.0, 0.5, math.inf), Interval(0.5, 0.5, 0.5)).high == math.inf
    assert interval_difference(Interval(1.0, 0.5, 2.0), Interval(0.5, 0.1, math.inf)).low == -math.inf


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_a_difference_covers_at_least_as_often_as_its_parts(correlation: float) -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(0, 1, 4000)
    second = correlation * first + math.sqrt(1 - correlation**2) * rng.normal(0, 1, 4000)
    held = 0
    for x, y in zip(3 + first, 1 + second, strict=True):
        found = interval_difference(Interval(x, x - 1.96, x + 1.96), Interval(y, y - 1.96, y + 1.96))
        held += found.low <= 2 <= found.high
    assert held / 4000 >= 0.94
