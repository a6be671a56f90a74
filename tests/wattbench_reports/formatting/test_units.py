"""How figures are written."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from wattbench_reports.formatting import units
from wattbench_reports.stats import Interval


def test_intervals_share_a_prefix() -> None:
    assert units.quantity_interval(Interval(0.0213, 0.0169, 1.2), "J") == "21.3 [16.9, 1,200] mJ"
    assert units.quantity_interval(Interval(5.3, 2.58, math.inf), "J") == "5.30 [2.58, ∞] J"
    assert units.quantity_interval(None, "J") == "–"
    assert units.percent_interval(Interval(0.45, 0.325, 0.5811)) == "45.0% [32.5, 58.1]"
    assert units.points_interval(Interval(0.04, -0.012, 0.068)) == "4.0 points [−1.2, 6.8]"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_to_be_read_back_has_no_exponent(value: float) -> None:
    assert float(units.plain(value)) == value
    assert "e" not in units.plain(value)


@given(*[st.floats(1e-12, 1e12)] * 3)
def test_the_figures_of_an_interval_share_a_unit_and_none_is_zero(at: float, low: float, high: float) -> None:
    alone = units.quantity(at, "J").partition(" ")
    number, bounds, unit = re.fullmatch(
        r"(\S+) \[(\S+, \S+)\] (\w*J)", units.quantity_interval(Interval(at, low, high), "J")
    ).groups()
    assert (number, unit) == (alone[0], alone[2])
    for text in (number, *bounds.split(", ")):
        assert len(re.sub(r"×10.*|\D", "", text).lstrip("0")) >= 2, text


def test_parts() -> None:
    assert units.part(0.123) == "12.3%"
    assert units.part(0.0000915) == "1/10,900"
    assert units.part(0.0) == "0%"
    assert units.plain(2e6) == "2000000"
    assert units.plain(33.333333, 3) == "33.3"


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


def test_small_bounds_are_shown() -> None:
    assert units.money_interval(Interval(0.0009, 0.0001, 0.002), "EUR") == "0.000900 [0.000100, 0.00200] EUR"
    assert units.ratio_interval(Interval(1.3e-5, 1.1e-5, 0.0021)) == "0.0000130 [0.0000110, 0.00210]"
    assert units.ratio_interval(Interval(0.0, 0.0, 0.0)) == "0 [0, 0]"
    assert units.count(0.04) == "0.0400"
