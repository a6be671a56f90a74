"""Format figures for people: three significant digits, a fitting prefix, intervals as `a [b, c]`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from wattbench.quantities import NONE, amount, column, digits, money, money_factor, prefix, quantity, trimmed
from wattbench_reports.stats import Interval

__all__ = ["NONE", "column", "digits", "money", "prefix", "quantity", "trimmed"]
"""Re-exported from `wattbench.quantities`."""

FEW = "†"
"""Marks an interval that may be too narrow, because a few items make up most of the sum."""

NAMED = 5
"""The most names that a sentence lists."""

_MONEY_SCALES = ((1.0, ""), (1e3, "1,000 "), (1e6, "million "), (1e9, "billion "))
_LEAST_MONEY = 0.01
"""Smaller sums are stated for more requests."""


def capital(text: str) -> str:
    """Begin a text with a capital letter."""
    return text[:1].upper() + text[1:]


def fixed(value: float, places: int) -> str:
    """Round to this many decimals, halves away from zero: as a person does, and the page's script."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)}"


def plain(value: float, significant: int = 17) -> str:
    """Format a number that is read back, without an exponent and trailing zeros: ``2000000``, ``0.00001``."""
    text = f"{Decimal(repr(float(f'{value:.{significant}g}'))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def part(ratio: float) -> str:
    """Format a share, below a thousandth as a fraction: ``12.3%``, ``1/10,900``."""
    return f"1/{digits(1 / ratio)}" if 0 < ratio < 0.001 else f"{digits(100 * ratio)}%"


def quantity_interval(interval: Interval | None, unit: str) -> str:
    """Format an estimate with its bounds under one prefix: ``21.3 [16.9, 28.8] J``. None gives a dash.

    `FEW` follows bounds that so few items may have made too narrow.
    """
    if interval is None:
        return NONE
    factor, letter = prefix(interval.estimate or interval.low)
    shown = [digits(value / factor) for value in (interval.estimate, interval.low, interval.high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}] {letter}{unit}{FEW if interval.few else ''}"


def percent(share: float | None) -> str:
    """Format a share: ``45.0%``."""
    return NONE if share is None or math.isnan(share) else f"{fixed(100 * share, 1)}%"


def percent_of(share: float) -> str:
    """Write a share that a person chose, without zeros behind it: ``10%``, ``2.5%``."""
    return f"{plain(100 * share, 6)}%"


def percent_interval(interval: Interval | None) -> str:
    """Format a share with its bounds: ``45.0% [32.5, 58.1]``."""
    if interval is None or math.isnan(interval.estimate):
        return NONE
    high = "∞" if math.isinf(interval.high) else fixed(100 * interval.high, 1)
    return f"{percent(interval.estimate)} [{fixed(100 * interval.low, 1)}, {high}]"


def ratio_interval(interval: Interval | None) -> str:
    """Format a ratio of figures in the same unit: ``1.25 [0.900, 1.71]``."""
    if interval is None:
        return NONE
    at, low, high = (digits(each) for each in (interval.estimate, interval.low, interval.high))
    return f"{at} [{low}, {high}]"


def points(share: float) -> str:
    """Format a difference of two shares in percentage points, without its sign: ``4.0 points``."""
    return f"{100 * abs(share):.1f} points"


def points_interval(difference: Interval) -> str:
    """Format a difference of two shares with its bounds: ``4.0 points [1.2, 6.8]``."""
    at, low, high = (fixed(100 * each, 1) for each in (difference.estimate, difference.low, difference.high))
    text = f"{at} points [{low}, {high}]"
    return text.replace("-", "−")


def certainty(probability: float) -> str:
    """Format a probability estimated from a few thousand draws: never 0% or 100%."""
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{fixed(100 * probability, 0)}%"


def p_value(probability: float) -> str:
    """Format a p-value: ``p = .023``, ``p < .001``; no leading zero, as a p-value is at most 1."""
    return "p < .001" if probability < 0.001 else f"p = {probability:.3f}".replace("0.", ".")


def roughly(value: float) -> str:
    """Format a large count with three significant digits: ``12,300``, ``1.23 M``, ``∞``."""
    return quantity(value, "").rstrip() if 1e6 <= value < math.inf else digits(value)


def duration(seconds: float) -> str:
    """Format a duration: ``95.0 s``, ``12.3 min``, ``3.50 h``."""
    if seconds < 120:
        return quantity(seconds, "s")
    return f"{digits(seconds / 60)} min" if seconds < 7200 else f"{digits(seconds / 3600)} h"


def count(value: float | None) -> str:
    """Format a count, without decimals if it is an integer: ``60``, ``23.4``, ``0.0234``, ``135 M``."""
    if value is None or math.isnan(value):
        return NONE
    if value >= 1e6:
        return quantity(value, "").rstrip()
    if value < 1:
        return digits(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def size(value: float | None) -> str:
    """Format bytes, in powers of ten: ``98.1 MB``."""
    return quantity(value, "B")


def listed(names: Sequence[str], word: str = "and") -> str:
    """Join names: ``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}" if names else ""


def named(names: Sequence[str], word: str = "and", most: int = NAMED) -> str:
    """Join at most this many names, and count the others: ``a, b, c, d, e and 32 others``."""
    left = len(names) - most
    return listed([*names[:most], "1 other" if left == 1 else f"{left} others"] if left > 0 else names, word)


def plural(number: int, noun: str) -> str:
    """Format a count of a noun: ``1 item``, ``2 items``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def money_interval(interval: Interval | None, currency: str) -> str:
    """Format a sum with its bounds: ``12.3 [10.1, 14.8] EUR``. None gives a dash."""
    if interval is None:
        return NONE
    factor, word = money_factor(interval.estimate)
    at, low, high = (amount(each / factor) for each in (interval.estimate, interval.low, interval.high))
    return f"{at} [{low}, {high}]{word} {currency}{FEW if interval.few else ''}"


def money_scale(values: Iterable[float | None], noun: str = "request") -> tuple[float, str]:
    """Choose the number of requests for which sums are stated, so that the smallest has no string of zeros.

    Of a billion only where all of them are small: next to a price of 5 EUR per million it is the least that has zeros.

    Args:
        values: money for one.
        noun: what it is for one of.

    Returns:
        The factor, and what follows *per*: ``(1000.0, "1,000 requests")``, ``(1.0, "request")``.
    """
    known = [abs(value) for value in values if value is not None and math.isfinite(value) and value != 0]
    *usual, largest = _MONEY_SCALES
    fit = [each for each in usual if min(known, default=1.0) * each[0] >= _LEAST_MONEY]
    of_millions = usual[-1] if max(known, default=1.0) * usual[-1][0] >= _LEAST_MONEY else largest
    factor, number = fit[0] if fit else of_millions
    return factor, f"{number}{noun}{'s' if number else ''}"
