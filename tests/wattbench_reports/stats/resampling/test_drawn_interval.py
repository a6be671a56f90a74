"""An interval from draws: their percentiles, never on the wrong side of the estimate."""

from __future__ import annotations

import numpy as np

from wattbench_reports.stats import interval_of


def test_it_is_between_values_that_were_drawn() -> None:
    found = interval_of(1.5, np.array([np.nan, 1.0, 2.0]))
    assert (found.low, found.high) == (1.0, 2.0)
    assert interval_of(1.5, np.array([1.0, np.inf])).high == np.inf


def test_it_holds_the_estimate() -> None:
    assert interval_of(0.5, np.array([1.0, 2.0])).low == 0.5
    assert interval_of(2.5, np.array([1.0, 2.0])).high == 2.5


def test_the_outer_draws_are_left_out() -> None:
    found = interval_of(500.0, np.arange(1001.0))
    assert (found.low, found.high) == (25.0, 975.0)
