"""Bounds of a ratio of two differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.stats.fieller import fieller_interval


def test_a_certain_bottom_gives_the_interval_of_the_top() -> None:
    found = fieller_interval(8.0, 2.0, 1.0, 0.0, 0.0, 2.0)
    assert (found.estimate, found.low, found.high) == pytest.approx((4.0, 3.0, 5.0))


def test_a_certain_top_gives_the_reciprocals_of_the_bottom() -> None:
    found = fieller_interval(8.0, 2.0, 0.0, 0.25, 0.0, 2.0)
    assert (found.low, found.high) == pytest.approx((8 / 3, 8 / 1))


def test_a_bottom_that_may_be_nothing_has_no_upper_bound() -> None:
    found = fieller_interval(8.0, 2.0, 1.0, 2.0, 0.0, 2.0)
    assert found.high == math.inf
    assert 0 < found.low < 4
    both = fieller_interval(0.5, 0.5, 1.0, 1.0, 0.0, 2.0)
    assert (both.low, both.high) == (0.0, math.inf)


def test_no_gain_is_no_price() -> None:
    with pytest.raises(ValueError, match="no price"):
        fieller_interval(1.0, 0.0, 1.0, 1.0, 0.0, 2.0)


figure = st.floats(1e-3, 1e3)


@given(figure, figure, figure, figure, st.floats(-1, 1), st.floats(0.1, 5))
def test_the_estimate_is_within(top, bottom, top_sd, bottom_sd, correlation, quantile) -> None:
    found = fieller_interval(top, bottom, top_sd**2, bottom_sd**2, correlation * top_sd * bottom_sd, quantile)
    assert 0 <= found.low <= found.estimate <= found.high
    wider = fieller_interval(top, bottom, top_sd**2, bottom_sd**2, correlation * top_sd * bottom_sd, quantile * 1.5)
    assert wider.low <= found.low * (1 + 1e-6) + 1e-12
    assert wider.high >= found.high * (1 - 1e-6)


def test_it_holds_the_ratio_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(1500):
        top, bottom = rng.multivariate_normal([3.0, 0.6], [[1.0, 0.1], [0.1, 0.09]])
        if bottom > 0:
            found = fieller_interval(top, bottom, 1.0, 0.09, 0.1, 1.96)
            held += found.low <= 5.0 <= found.high
        else:
            held += 1  # there is no hull step to state, and the ray below 0 is not counted
    assert held / 1500 == pytest.approx(0.95, abs=0.02)
