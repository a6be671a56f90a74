"""One definition of a quantile, against NumPy's of the same name and against its own words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.quantiles import Weighted, quantile, quantiles, rank

VALUES = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=60)
SHARES = st.floats(0.001, 0.999)


@given(VALUES, SHARES)
def test_it_is_the_least_value_within_which_the_share_lies(values: list[float], share: float) -> None:
    known = np.array(values)
    found = quantile(known, share)
    assert found in values
    assert (known <= found).mean() >= share - 1e-9
    assert (known < found).mean() < share


@given(st.integers(1, 2000), st.integers(1, 99))
def test_a_whole_number_of_values_is_not_missed_by_a_rounding_error(number: int, percent: int) -> None:
    assert rank(percent / 100, number) == max(-(-percent * number // 100) - 1, 0)


@given(VALUES, SHARES)
def test_equal_weights_change_nothing(values: list[float], share: float) -> None:
    known = np.array(values)
    assert Weighted.of(known, np.full(len(known), 0.3)).quantile(share) == quantile(known, share)


def test_several_are_each_of_them() -> None:
    values = np.random.default_rng(1).random(400)
    shares = [0.95, 0.5, 0.95]
    assert quantiles(values, shares) == [quantile(values, share) for share in shares]
    assert quantiles(values, shares)[:2] == pytest.approx(np.quantile(values, shares[:2], method="inverted_cdf"))
    assert quantiles(values, []) == []


def test_weights_count() -> None:
    assert Weighted.of(np.array([3.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0])).quantile(0.999) == 2.0
    assert Weighted.of(np.empty(0), np.empty(0)).quantile(0.5) is None
    assert Weighted.of(np.ones(2), np.zeros(2)).quantile(0.5) is None
