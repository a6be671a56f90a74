"""Money is written for people: never an exponent, never a string of zeros."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.formatting.units import money, money_interval, money_scale
from wattbench_reports.stats import Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0 EUR"),
        (1.57e-5, "under 0.001 EUR"),
        (0.00123, "0.00123 EUR"),
        (12.345, "12.3 EUR"),
        (12_345.0, "12,300 EUR"),
        (999_800.0, "1.00 million EUR"),
        (1_570_000.0, "1.57 million EUR"),
        (2.5e9, "2.50 billion EUR"),
        (4.2e16, "42,000,000 billion EUR"),
        (math.inf, "∞ EUR"),
    ],
)
def test_a_sum_has_three_digits(value: float | None, text: str) -> None:
    assert money(value, "EUR") == text


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
        ([1e-12], (1e6, "million requests")),
        ([], (1.0, "request")),
    ],
)
def test_small_sums_are_stated_for_many(values: list[float | None], scale: tuple[float, str]) -> None:
    assert money_scale(values) == scale


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_sum_has_an_exponent_or_a_string_of_zeros(value: float) -> None:
    text = money(value, "EUR")
    assert not re.search(r"\de[+-]?\d|0\.000", text), text
