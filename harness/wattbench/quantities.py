"""Write figures for people: three significant digits, in the unit that fits their size, never zero for little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

NONE = "–"
"""Shown for a figure that is not available."""

_DECIMAL = range(-6, 12)
"""The powers of ten of figures that are written out: a longer string of zeros is one that no reader counts."""
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))

_LARGE_SUMS = ((1e9, " billion"), (1e6, " million"))


def digits(value: float) -> str:
    """Format with three significant digits: ``1,230,000``, ``0.00123``; far from one ``1.23×10⁻⁹``."""
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    exact = Decimal(value)
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP)
    power = rounded.adjusted()  # 9.996 rounds to 10.00, which has one decimal fewer to show
    if power in _DECIMAL:
        return f"{float(rounded):,.{max(0, 2 - power)}f}"
    number, _, exponent = f"{rounded:.2e}".partition("e")
    return f"{number}×10{str(int(exponent)).translate(_RAISED)}"


def trimmed(number: str) -> str:
    """Drop the zeros behind a number that `digits` has written: ``0.5``, ``1×10⁻⁹``."""
    shown, times, power = number.partition("×")
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + times + power


def prefix(value: float) -> tuple[float, str]:
    """Return the factor and the SI prefix that fit a figure: ``(1000.0, "k")``."""
    size = abs(value)
    if size == 0 or not math.isfinite(size):
        return 1.0, ""
    for factor, name in _PREFIXES:
        if size >= factor * 0.9995:  # what rounds to 1,000 takes the next prefix
            return factor, name
    return _PREFIXES[-1]


def quantity(value: float | None, unit: str) -> str:
    """Format a figure in an SI unit with a prefix: ``820 ms``, ``12.3 J``, ``1.5 kJ``. None gives a dash."""
    if value is None or math.isnan(value):
        return NONE
    factor, letter = prefix(value)
    return f"{digits(value / factor)} {letter}{unit}"


def column(values: Sequence[float | None], unit: str) -> list[str]:
    """Format the figures of one column as `quantity` does, under one prefix if none is 1,000 times another."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    if not sizes or max(sizes) > 1000 * min(sizes):
        return [quantity(value, unit) for value in values]
    factor, letter = prefix(max(sizes))
    return [
        NONE if value is None or math.isnan(value) else f"{digits(value / factor)} {letter}{unit}" for value in values
    ]


def money(value: float | None, currency: str) -> str:
    """Format a sum with three significant digits: ``12.3 EUR``, ``1.57 million EUR``, ``0.00137 EUR``.

    None gives a dash.
    """
    if value is None or math.isnan(value):
        return NONE
    factor, word = money_factor(value)
    return f"{amount(value / factor)}{word} {currency}"


def money_factor(value: float) -> tuple[float, str]:
    """Return the factor and the word that fit a sum: ``(1e6, " million")``."""
    # What rounds to 1,000 thousand is a million.
    return next((each for each in _LARGE_SUMS if math.isfinite(value) and abs(value) >= 0.9995 * each[0]), (1.0, ""))


def amount(value: float) -> str:
    """Format a sum without its currency: ``12.3``, ``812,345``."""
    if abs(value) >= 999_500 and math.isfinite(value):
        return f"{value:,.0f}"
    return digits(value)
