"""How figures vary together, and what each block adds to them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from wattbench_reports.decision.best import of_a_pair, per_right_answer
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.run_figures import linearised


def test_a_ratio_of_sums_is_linearised() -> None:
    rng = np.random.default_rng(3)
    sums, counts = rng.uniform(1, 9, size=(5, 2, 4)), rng.integers(2, 6, size=(5, 2, 4)).astype(float)
    alone = linearised(sums, counts, None)
    total, count = sums.sum(axis=(0, 1)), counts.sum(axis=(0, 1))
    expected = (sums.sum(axis=1) - total / count * counts.sum(axis=1)) / count
    assert alone == pytest.approx(expected)
    assert alone.sum(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    mixed = linearised(sums, counts, np.array([0.25, 0.75]))
    first, second = (linearised(sums[:, [d]], counts[:, [d]], None) for d in (0, 1))
    assert mixed == pytest.approx(0.25 * first + 0.75 * second)


def test_covariances_are_those_of_block_means() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(6, 3))
    parts = (values - values.mean(axis=0)) / 6
    figure = VaryingFigure(values.mean(axis=0), parts)
    covariance = Covarying(True, 5.0).covariances(figure, figure)
    assert covariance == pytest.approx(np.cov(values.T) / 6)
    differences = Covarying(True, 5.0).of_differences(figure)
    assert differences[0, 1] == pytest.approx(np.var(values[:, 0] - values[:, 1], ddof=1) / 6)


def test_added_answers_are_of_each_system_alone() -> None:
    figure = VaryingFigure(np.zeros(2), np.zeros((4, 2)), np.array([0.1, 0.2]))
    assert Covarying(True, 3.0).covariances(figure, figure) == pytest.approx(np.diag([0.01, 0.04]))


def test_the_cost_per_right_answer_is_linearised() -> None:
    """A small change of both moves the ratio as its parts say."""
    cost, right = np.array([2.0, 3.0]), np.array([0.5, 0.8])
    of_cost, of_right = np.array([[1e-6, -2e-6]]), np.array([[3e-6, 1e-6]])
    ratio = per_right_answer(VaryingFigure(cost, of_cost), VaryingFigure(right, of_right))
    assert ratio.estimates == pytest.approx(cost / right)
    assert ratio.parts[0] == pytest.approx((cost + of_cost[0]) / (right + of_right[0]) - cost / right, rel=1e-4)


def test_a_pair_is_excluded_as_many_errors_apart_as_its_elimination_asks() -> None:
    assert of_a_pair(2, 1e9) == pytest.approx(1.96, abs=0.02)
    assert of_a_pair(5, 7) == pytest.approx(student.ppf(1 - 0.05 / 20, 7))
