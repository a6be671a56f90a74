"""The interval of a difference: by hand, its coverage, and its asymmetry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wattbench_reports.stats import Interval, interval_difference


def test_each_side_is_the_root_of_the_sum_of_squares() -> None:
    found = interval_difference(Interval(10.0, 7.0, 12.0), Interval(4.0, 3.0, 8.0))
    assert found == Interval(6.0, 6.0 - math.hypot(3.0, 4.0), 6.0 + math.hypot(2.0, 1.0))


def test_a_bound_that_is_missing_is_missing_of_the_difference() -> None:
    assert interval_difference(Interval(1.0, 0.5, math.inf), Interval(0.5, 0.5, 0.5)).high == math.inf
    assert interval_difference(Interval(1.0, 0.5, 2.0), Interval(0.5, 0.1, math.inf)).low == -math.inf


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_it_covers_at_least_as_often_as_its_parts(correlation: float) -> None:
    rng = np.random.default_rng(3)
    first = rng.normal(0, 1, 4000)
    second = correlation * first + math.sqrt(1 - correlation**2) * rng.normal(0, 1, 4000)
    held = 0
    for x, y in zip(3 + first, 1 + second, strict=True):
        found = interval_difference(Interval(x, x - 1.96, x + 1.96), Interval(y, y - 1.96, y + 1.96))
        held += found.low <= 2 <= found.high
    assert held / 4000 >= 0.94
