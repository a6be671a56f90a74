"""Money is written for people: for so many requests that a sum has no string of zeros."""

from __future__ import annotations

import math

import pytest

from wattbench_reports.formatting.units import money_interval, money_scale
from wattbench_reports.stats import Interval


def test_bounds_have_the_unit_of_the_estimate() -> None:
    assert money_interval(Interval(12.3, 10.1, math.inf), "USD") == "12.3 [10.1, ∞] USD"
    assert money_interval(Interval(1.5e6, 9e5, 2e6, few=True), "USD") == "1.50 [0.900, 2.00] million USD†"
    assert money_interval(None, "USD") == "–"


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([0.02, 3.0], (1.0, "request")),
        ([0.0, None, 0.0015, 3.0], (1e3, "1,000 requests")),
        ([1e-6, 3.0], (1e6, "million requests")),
        ([1e-9, 3.0], (1e6, "million requests")),
        ([1e-9, 2e-9], (1e9, "billion requests")),
        ([1e-12], (1e9, "billion requests")),
        ([], (1.0, "request")),
    ],
)
def test_small_sums_are_stated_for_many(values: list[float | None], scale: tuple[float, str]) -> None:
    assert money_scale(values) == scale
