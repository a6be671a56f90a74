"""The jackknife over items: of a mean it is the clustered error, and the t test has scipy's power."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from wattbench_reports.stats import mean_interval
from wattbench_reports.stats.item_jackknife import ItemEstimate, jackknife


def test_of_a_mean_it_is_the_clustered_interval() -> None:
    rng = np.random.default_rng(1)
    items, scores = np.repeat(np.arange(30), 4), rng.random(120)
    found = jackknife(np.column_stack([np.ones(120), scores]), items, lambda sums: sums[:, 1] / sums[:, 0])
    known = mean_interval(scores, items)
    assert found is not None
    assert known is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((known.low, known.high))


def test_a_figure_that_is_not_defined_without_an_item_has_no_error() -> None:
    features = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 1.0]])
    assert jackknife(features, np.arange(3), lambda sums: sums[:, 1] / sums[:, 0]) is None
    assert jackknife(features[2:], np.zeros(1, dtype=np.int64), lambda sums: sums[:, 1]) is None


def test_an_error_is_at_least_what_is_said() -> None:
    features = np.column_stack([np.ones(10), np.zeros(10)])
    found = jackknife(features, np.arange(10), lambda sums: sums[:, 1] / sums[:, 0], least_error=0.2)
    assert found is not None
    assert found.error == 0.2


@pytest.mark.parametrize(("shift", "labels"), [(0.1, 20), (0.1, 80), (0.3, 20)])
def test_the_power_is_that_of_a_t_test(shift: float, labels: int) -> None:
    estimate = ItemEstimate(0.0, 0.3 / np.sqrt(labels), labels - 1.0)
    known = TTestPower().power(shift / 0.3, labels, 0.05)
    assert estimate.power(shift, 0.05) == pytest.approx(known, abs=1e-6)


def test_a_shift_far_out_is_seen_for_certain() -> None:
    assert ItemEstimate(0.0, 0.001, 30.0).power(0.5, 0.05) == 1.0
    assert ItemEstimate(0.0, 0.0, 30.0).power(0.5, 0.05) == 1.0


def test_the_p_value_of_an_estimate_without_an_error() -> None:
    assert ItemEstimate(0.0, 0.0, 5.0).p_value() == 1.0
    assert ItemEstimate(0.1, 0.0, 5.0).p_value() == 0.0
