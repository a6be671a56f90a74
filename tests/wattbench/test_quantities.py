"""How figures are written: readable whatever their size, and never zero for little."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wattbench.quantities import column, digits, money, quantity, trimmed

POSITIVE = st.floats(5e-324, 1e300)
_PREFIXES = {"G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}
_WORDS = {"": 1.0, " million": 1e6, " billion": 1e9}
_LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(number: str) -> float:
    """Read what `digits` wrote."""
    mantissa, _, power = number.replace(",", "").partition("×10")
    return float(f"{mantissa}e{power.translate(_LOWERED) or 0}")


def is_readable(number: str) -> bool:
    """Return whether a number has two significant digits or more, no long string of zeros and no bound."""
    significant = re.sub(r"×10.*|\D", "", number).lstrip("0")
    return len(significant) >= 2 and "under" not in number and "000000" not in re.sub(r".*\.", "", number)


@given(POSITIVE)
def test_every_figure_is_readable_and_reads_back_as_it_was(value: float) -> None:
    text = digits(value)
    assert is_readable(text), text
    assert read(text) == pytest.approx(value, rel=0.0051, abs=5e-324)
    assert read(trimmed(text)) == read(text)
    assert digits(-value) == f"-{text}"


@given(POSITIVE)
def test_a_quantity_reads_back_in_its_unit(value: float) -> None:
    assume(value > 1e-300)
    number, _, unit = quantity(value, "J").partition(" ")
    assert is_readable(number), number
    assert read(number) * _PREFIXES[unit.removesuffix("J")] == pytest.approx(value, rel=0.0051)
    if 1e-9 <= value < 1e11:
        assert 1 <= read(number) < 1000, "the unit fits"


@given(POSITIVE)
def test_a_sum_of_money_reads_back(value: float) -> None:
    number, _, rest = money(value, "EUR").partition(" ")
    assert is_readable(number), number
    assert read(number) * _WORDS[f" {rest}".removesuffix(" EUR")] == pytest.approx(value, rel=0.0051, abs=5e-324)


@given(st.lists(st.none() | st.floats(1e-12, 1e12), min_size=1))
def test_a_column_has_one_unit_unless_that_hides_a_figure(values: list[float | None]) -> None:
    texts = column(values, "s")
    assert all((text == "–") == (value is None) for text, value in zip(texts, values, strict=True))
    known = [value for value in values if value is not None]
    assume(known)
    kinds = {text.partition(" ")[2] for text in texts if text != "–"}
    if max(known) <= 1000 * min(known):
        assert len(kinds) == 1
    for text, value in zip(texts, values, strict=True):
        if value is not None:
            number, _, unit = text.partition(" ")
            assert is_readable(number), text
            assert read(number) * _PREFIXES[unit.removesuffix("s")] == pytest.approx(value, rel=0.0051)


def test_columns() -> None:
    assert column([0.82, 1.16, None], "s") == ["0.820 s", "1.16 s", "–"]
    assert column([94.1e-6, 1.16], "s") == ["94.1 µs", "1.16 s"]
    assert column([0.0, 0.0005], "s") == ["0 µs", "500 µs"]
    assert column([], "s") == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000115, "0.0000115"), (-0.0000115, "-0.0000115"), (0.0009996, "0.00100"), (1_234_000, "1,230,000"),
        (9.996e-7, "0.00000100"), (9.99e-7, "9.99×10⁻⁷"), (2e12, "2.00×10¹²"), (-2e12, "-2.00×10¹²"), (math.inf, "∞"),
        (12.34, "12.3"), (0.0, "0"),
    ],
)  # fmt: skip
def test_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.82, "820 ms"), (1.2345, "1.23 s"), (0.0000021, "2.10 µs"), (0.9999, "1.00 s"), (0.99949, "999 ms"),
        (9.996, "10.0 s"), (1500, "1.50 ks"), (0, "0 s"), (math.inf, "∞ s"), (None, "–"), (math.nan, "–"),
        (12_300_000_000_000, "12,300 Gs"), (1.5e-12, "0.00150 ns"),
    ],
)  # fmt: skip
def test_quantity(value: float | None, text: str) -> None:
    assert quantity(value, "s") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"), (0.0, "0 EUR"), (1.57e-5, "0.0000157 EUR"), (0.00123, "0.00123 EUR"), (12.345, "12.3 EUR"),
        (12_345.0, "12,300 EUR"), (999_800.0, "1.00 million EUR"), (1_570_000.0, "1.57 million EUR"),
        (2.5e9, "2.50 billion EUR"), (4.2e16, "42,000,000 billion EUR"), (math.inf, "∞ EUR"),
    ],
)  # fmt: skip
def test_a_sum_has_three_digits(value: float | None, text: str) -> None:
    assert money(value, "EUR") == text


def test_zeros_behind_a_number_are_dropped() -> None:
    assert [trimmed(digits(each)) for each in (0.5, 20.0, 1e-9, 1.23)] == ["0.5", "20", "1×10⁻⁹", "1.23"]
