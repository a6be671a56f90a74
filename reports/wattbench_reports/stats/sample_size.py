"""Compute power and minimum detectable differences."""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr, bdtrik, ndtri
from scipy.stats import binom

ALPHA = 0.05
"""The two-sided error rate of a single comparison."""

POWER = 0.8
"""A difference counts as detectable when it would be found in this share of runs (J. Cohen, 1988)."""

_TAIL_SDS = 7.0
"""Numbers of discordant items farther from their mean have a chance of some 1e-11 and are left out."""


def power_of(difference: float, discordant_share: float, items: int) -> float:
    """Return the power of exact McNemar for a difference in accuracy over `items` items.

    Exact: the number of discordant items is binomial, and so is, among them, the number in favour of one system; the
    power of the test is summed over both. It counts findings in either direction, so that without a difference it is
    the test's true error rate, which is below alpha.

    Args:
        difference: of the two accuracies, -1 to 1.
        discordant_share: of items that one system gets right and the other wrong, 0 to 1. A difference takes at least
            as many, so where this is less than the difference, the difference itself is used.
        items: that both are asked.

    Returns:
        0 to 1; 0 without items.

    Raises:
        ValueError: an argument outside its range.

    Source: S. W. Duffy, "Asymptotic and exact power for the McNemar test and its analogue with R controls per case",
    Biometrics 40 (1984).
    """
    _check_share(discordant_share)
    if not -1 <= difference <= 1 or items < 0:
        raise ValueError(f"a difference of {difference} over {items} items is not possible")
    share = max(discordant_share, abs(difference))
    if not items or not share:
        return 0.0

    spread = _TAIL_SDS * math.sqrt(items * share * (1 - share)) + _TAIL_SDS**2
    discordant, limits = _losing_at_most(
        max(0, math.floor(items * share - spread)), min(items, math.ceil(items * share + spread))
    )
    favour = (1 + difference / share) / 2
    rejection = bdtr(limits, discordant, favour) + bdtr(limits, discordant, 1 - favour)
    rejection[limits < 0] = 0.0
    return float(min(1.0, binom.pmf(discordant, items, share) @ rejection))


@lru_cache(maxsize=8)
def _losing_at_most(lowest: int, highest: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return numbers of discordant items, and the most that the losing side may have for the test still to reject.

    The latter is -1 where it never does. A search for a difference asks for the same numbers again and again.
    """
    discordant = np.arange(lowest, highest + 1, dtype=np.int64)
    limits = np.where(0.5**discordant <= ALPHA / 2, np.floor(bdtrik(ALPHA / 2, discordant, 0.5)), -1.0)
    return discordant, limits


@lru_cache(maxsize=4096)
def minimum_detectable_difference(discordant_share: float, items: int) -> float | None:
    """Return the minimum detectable difference in accuracy of exact McNemar on `items` items.

    The two systems are taken to disagree as often as they were seen to, or as often as the difference takes, if that
    is more. So it is defined where they never disagreed: n items without a disagreement leave room for a difference
    of about 8 / n (power 0.8 for six disagreements, the fewest that can be significant), the counterpart of the rule
    of three, by which they rule out more than 3 / n disagreements.

    Args:
        discordant_share: as observed, 0 to 1.
        items: that both were asked.

    Returns:
        Above 0 and up to 1; None where not even a system that is right on all items can be told from one that is
        wrong on all: with fewer than six items, at alpha = 0.05.

    Raises:
        ValueError: an argument outside its range.
    """
    _check_share(discordant_share)
    if power_of(1.0, discordant_share, items) < POWER:
        return None

    @cache  # the search asks for the power at its ends again
    def short_of(difference: float) -> float:
        return power_of(difference, discordant_share, items) - POWER

    # The normal approximation is near enough to search around, the nearer the more items there are.
    near = min(1.0, minimum_detectable_shift(math.sqrt(max(discordant_share, 1 / items) / items)))
    low = next((share * near for share in (0.98, 0.8) if short_of(share * near) < 0), 0.0)
    high = next((each for share in (1.02, 1.25) if short_of(each := min(1.0, share * near)) >= 0), 1.0)
    return float(brentq(short_of, low, high, xtol=1e-12, rtol=1e-6))


def minimum_detectable_shift(standard_error: float) -> float:
    """Return the minimum detectable shift of a two-sided test, from the standard error of an estimate.

    For what is about normal, such as a difference of mean scores over repeats: (z(1 - alpha/2) + z(power)) * se.

    Args:
        standard_error: not negative, in any unit.

    Returns:
        In the unit of the standard error.

    Raises:
        ValueError: an argument outside its range.
    """
    if not standard_error >= 0:
        raise ValueError(f"{standard_error} is not a standard error")

    return float(ndtri(1 - ALPHA / 2) + ndtri(POWER)) * standard_error


def minimum_detectable_ratio(se_log: float) -> float:
    """Return the minimum detectable factor between two figures, such as joules per correct answer.

    Args:
        se_log: standard error of the log of their ratio, as `log_ratio_se` gives it.

    Returns:
        1 or more: a system that needs so many times as much, or so many times less, would have been told apart.
        Infinite where the ratio is not known to any order of magnitude.

    Raises:
        ValueError: an argument outside its range.
    """
    try:
        return math.exp(minimum_detectable_shift(se_log))
    except OverflowError:
        return math.inf


def log_ratio_se(
    num1: NDArray[np.float64], den1: NDArray[np.float64], num2: NDArray[np.float64], den2: NDArray[np.float64]
) -> float | None:
    """Return the standard error of log((sum num1 / sum den1) / (sum num2 / sum den2)) by linearisation.

    Each item brings its part of all four sums, so what makes an item dear or hard for both systems cancels. The error
    is that of first order: with few correct answers it is too small.

    Args:
        num1: shape (items,), not negative: joules of the first system, summed over an item's repeats.
        den1: the same shape: its correct answers.
        num2: joules of the second.
        den2: correct answers of the second. An item that is zero in all four arrays is no item.

    Returns:
        A share (0.1 is about 10%); None from fewer than two items, or where one of the sums is zero: the ratio is
        then zero, infinite or nothing.

    Source: linearised variance of a function of totals, W. G. Cochran, "Sampling Techniques" (1977), chapter 6.
    """
    totals = [float(column.sum()) for column in (num1, den1, num2, den2)]
    items = int(((num1 != 0) | (den1 != 0) | (num2 != 0) | (den2 != 0)).sum())
    if items < 2 or min(totals) <= 0:
        return None
    parts = num1 / totals[0] - den1 / totals[1] - num2 / totals[2] + den2 / totals[3]
    return math.sqrt(items / (items - 1) * float(parts @ parts))


def _check_share(discordant_share: float) -> None:
    if not 0 <= discordant_share <= 1:
        raise ValueError(f"{discordant_share} is not a share of the items")
