"""Standard errors clustered by item: against statsmodels and a brute-force bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.api import OLS

from wattbench_reports.stats import accuracy_interval, clustered_se, mean_interval, ratio_se


def answers(seed: int, items: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Scores of items asked one to five times, whose answers resemble each other; and which item each is for."""
    rng = np.random.default_rng(seed)
    item = np.repeat(np.arange(items) * 7 - 3, rng.integers(1, 6, items))
    return rng.normal(rng.normal(0, 2, items * 8)[item % (items * 8)], 1), item


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_statsmodels(seed: int) -> None:
    scores, item = answers(seed)
    fit = OLS(scores, np.ones(len(scores))).fit(cov_type="cluster", cov_kwds={"groups": item})
    assert clustered_se(scores, item) == pytest.approx(fit.bse[0], rel=1e-9)
    fit = OLS(scores, np.ones(len(scores))).fit(cov_type="cluster", cov_kwds={"groups": item}, use_t=True)
    interval = mean_interval(scores, item)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(fit.conf_int()[0], rel=1e-9)


def test_one_answer_each_is_the_plain_standard_error() -> None:
    scores = np.random.default_rng(1).random(30)
    assert clustered_se(scores, np.arange(30)) == pytest.approx(scores.std(ddof=1) / math.sqrt(30))


def test_repeats_that_agree_are_not_more_items() -> None:
    scores = np.random.default_rng(1).random(30)
    often = clustered_se(np.repeat(scores, 10), np.repeat(np.arange(30), 10))
    assert often == pytest.approx(clustered_se(scores, np.arange(30)))


def test_too_few_items_show_no_spread() -> None:
    assert clustered_se(np.ones(3), np.zeros(3, dtype=int)) is None
    interval = mean_interval(np.array([1.0, 3.0]), np.zeros(2, dtype=int))
    assert interval is not None
    assert (interval.estimate, interval.low, interval.high) == (2, -math.inf, math.inf)
    assert mean_interval(np.empty(0), np.empty(0, dtype=int)) is None


def test_scores_and_clusters_must_match() -> None:
    with pytest.raises(ValueError, match="no clusters"):
        clustered_se(np.ones(3), np.zeros(2, dtype=int))


def test_ratio_matches_a_bootstrap() -> None:
    rng = np.random.default_rng(2)
    correct = rng.binomial(3, rng.random(300)).astype(float)
    joules = 10 - correct + rng.gamma(2, 1, 300)
    draws = []
    for _ in range(3000):
        rows = rng.integers(0, 300, 300)
        draws.append(joules[rows].sum() / correct[rows].sum())
    assert ratio_se(joules, correct) == pytest.approx(np.std(draws), rel=0.06)


def test_ratio_without_a_denominator_has_no_error() -> None:
    assert ratio_se(np.ones(4), np.zeros(4)) is None
    assert ratio_se(np.eye(4)[0], np.eye(4)[0]) is None


def test_items_that_were_not_asked_are_no_items() -> None:
    joules, correct = np.array([3.0, 4, 5]), np.array([1.0, 0, 1])
    padded = [np.concatenate([column, np.zeros(7)]) for column in (joules, correct)]
    assert ratio_se(*padded) == ratio_se(joules, correct)


def test_accuracy_interval_has_this_error_inside() -> None:
    # Wilson's interval of many items is share ± t * se to first order, whichever way the items are clustered.
    rng = np.random.default_rng(3)
    asked = np.full(2000, 4.0)
    correct = rng.binomial(4, rng.random(2000)).astype(float)
    interval, error = accuracy_interval(correct, asked), ratio_se(correct, asked)
    assert interval is not None
    assert error is not None
    assert interval.high - interval.low == pytest.approx(2 * 1.961 * error, rel=0.005)
