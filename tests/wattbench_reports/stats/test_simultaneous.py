"""Bounds of several means hold together as often as promised."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from wattbench_reports.stats.simultaneous import simultaneous_quantile


@pytest.mark.parametrize(("clusters", "shared"), [(8, 0.0), (8, 2.0), (40, 1.0)])
def test_all_bounds_hold_together(clusters: int, shared: float) -> None:
    rng = np.random.default_rng(11)
    held = []
    for number in range(400):
        values = rng.normal(size=(clusters, 5)) + shared * rng.normal(size=(clusters, 1))
        parts = (values - values.mean(axis=0)) / clusters
        errors = np.sqrt(clusters / (clusters - 1) * (parts**2).sum(axis=0))
        quantile = simultaneous_quantile(list(parts.T), clusters - 1, seed=number)
        held.append(bool((values.mean(axis=0) - quantile * errors <= 0).all()))
    assert 0.925 <= np.mean(held) <= 0.975


def test_one_mean_has_the_quantile_of_student() -> None:
    part = np.array([1.0, -0.5, -0.5])
    assert simultaneous_quantile([part], 2) == pytest.approx(student.ppf(0.95, 2))
    assert simultaneous_quantile([part, np.zeros(3)], 2) == pytest.approx(student.ppf(0.95, 2))


def test_alike_means_cost_nothing_and_different_ones_do() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 500))
    alike = simultaneous_quantile([one, 2 * one], 499)
    apart = simultaneous_quantile([one, other], 499)
    assert alike == pytest.approx(1.65, abs=0.05)
    assert apart > alike + 0.15
    assert simultaneous_quantile([one, other[:300]], 299) == pytest.approx(apart, abs=0.08)
