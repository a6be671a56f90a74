"""How figures are written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.82, "820 ms"), (1.2345, "1.23 s"), (0.0000021, "2.10 µs"), (0.9999, "1.00 s"), (0.99949, "999 ms"),
        (9.996, "10.0 s"), (1500, "1.50 ks"), (0, "0 s"), (math.inf, "∞ s"), (None, "–"), (math.nan, "–"),
        (12_300_000_000_000, "12,300 Gs"),
    ],
)  # fmt: skip
def test_quantity(value: float | None, text: str) -> None:
    assert units.quantity(value, "s") == text


def test_intervals_share_a_prefix() -> None:
    assert units.quantity_interval(Interval(0.0213, 0.0169, 1.2), "J") == "21.3 [16.9, 1,200] mJ"
    assert units.quantity_interval(Interval(5.3, 2.58, math.inf), "J") == "5.30 [2.58, ∞] J"
    assert units.quantity_interval(None, "J") == "–"
    assert units.percent_interval(Interval(0.45, 0.325, 0.5811)) == "45.0% [32.5, 58.1]"
    assert units.points_interval(Interval(0.04, -0.012, 0.068)) == "4.0 points [−1.2, 6.8]"


@given(st.floats(allow_nan=False))
def test_no_number_has_an_exponent_or_a_string_of_zeros(value: float) -> None:
    text = units.digits(value)
    assert "e" not in text.replace("under", "").replace("over", "")
    assert len(text.removeprefix("under ").removeprefix("over ")) <= len("-1,000,000,000,000")
    if math.isfinite(value):
        assert float(units.plain(value)) == value
        assert "e" not in units.plain(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000115, "under 0.001"), (-0.0000115, "over -0.001"), (0.0009996, "0.00100"), (1_234_000, "1,230,000"),
        (2e12, "over 1,000,000,000,000"), (-2e12, "under -1,000,000,000,000"), (math.inf, "∞"), (12.34, "12.3"),
    ],
)  # fmt: skip
def test_digits(value: float, text: str) -> None:
    assert units.digits(value) == text


def test_parts() -> None:
    assert units.part(0.123) == "12.3%"
    assert units.part(0.0000915) == "1/10,900"
    assert units.part(0.0) == "0%"
    assert units.plain(2e6) == "2000000"
    assert units.plain(33.333333, 3) == "33.3"


@given(st.floats(1e-9, 1e11))
def test_what_is_written_is_within_half_a_percent(value: float) -> None:
    number, _, unit = units.quantity(value, "J").partition(" ")
    factor = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1, "m": 1e-3, "µ": 1e-6, "n": 1e-9}[unit.removesuffix("J")]
    assert float(number.replace(",", "")) * factor == pytest.approx(value, rel=0.0051)


def test_words() -> None:
    assert units.listed([]) == ""
    assert units.listed(["a"]) == "a"
    assert units.listed(["a", "b", "c"]) == "a, b and c"
    assert units.named(list("abcde")) == "a, b, c, d and e"
    assert units.named(list("abcdef")) == "a, b, c, d, e and 1 other"
    assert units.named([str(number) for number in range(37)], "or") == "0, 1, 2, 3, 4 or 32 others"
    assert units.plural(1, "item") == "1 item"
    assert units.plural(1200, "item") == "1,200 items"
    assert units.certainty(0.9999) == "over 99%"
    assert units.certainty(0.0) == "under 1%"
    assert units.certainty(0.875) == "88%"
    assert units.count(134_515_008) == "135 M"
    assert units.size(98_000_000) == "98.0 MB"


def test_bounds_too_small_to_show_are_not_repeated() -> None:
    assert units.money_interval(Interval(1e-9, 1e-10, 1e-8), "EUR") == "under 0.001 EUR"
    assert units.money_interval(Interval(0.0009, 0.0001, 0.002), "EUR") == "under 0.001 [under 0.001, 0.00200] EUR"


def test_a_ratio_below_what_is_shown_is_said_once() -> None:
    assert units.ratio_interval(Interval(1.3e-5, 1.1e-5, 1.6e-5)) == "under 0.001"
    assert units.ratio_interval(Interval(5e-4, 1e-4, 0.0021)) == "under 0.001 [under 0.001, 0.00210]"
    assert units.ratio_interval(Interval(0.0, 0.0, 0.0)) == "0 [0, 0]"
