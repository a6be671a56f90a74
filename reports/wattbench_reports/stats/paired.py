"""Compare the mean scores of two systems on the same items: an interval of their difference, and its p-value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.signal import convolve
from scipy.special import bdtr, ndtri
from scipy.stats import binom

from wattbench_reports.stats.intervals import CONFIDENCE, Interval

_STEPS = 840
"""Differences of mean scores are whole multiples of 1/840 for 0 and 1 over up to eight repeats (840 is the least
common multiple of 1 to 8). Other scores are rounded to it: by 0.06 points at most."""

_MAX_WORK = 20_000_000
"""Above this many additions the normal distribution replaces the exact one. There are thousands of items then."""


def mean_difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> Interval | None:
    """Return the mean of first - second over the same items, with an interval that stays wide if all items agree.

    For scores of 0 and 1 this is the interval of Agresti and Min: half a pair is added to each of the four outcomes
    before the Wald interval is taken. The two discordant halves leave the sum of differences alone and add 1 to
    the sum of their squares, which is how it is done here, and so it also serves means over repeats.

    Args:
        first: shape (items,): each item's mean score, 0 to 1.
        second: the same of the other system.

    Returns:
        The difference, -1 to 1; None where there are no items.

    Source: A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24 (2005).
    """
    items = len(first)
    if not items:
        return None
    differences = first - second
    padded = items + 2
    centre = float(differences.sum()) / padded
    variance = (float(differences @ differences) + 1) / padded - centre**2
    half = float(ndtri((1 + CONFIDENCE) / 2)) * math.sqrt(variance / padded)
    return Interval(float(differences.mean()), max(-1.0, centre - half), min(1.0, centre + half))


def paired_p_value(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Return the p-value of equal means over the same items, for graded scores and repeats too.

    A sign-flip test: if the systems are alike, each item's difference might as well have had the other sign. p is the
    share of all 2^items ways to set the signs in which the differences sum to as much, either way. It was chosen over
    a clustered t-test as it is exact however few and however uneven the differences are, and *is* McNemar's exact
    test where every difference is -1, 0 or 1; over many items both give the same. The item is the unit: its repeats
    were averaged beforehand and stay together, so that asking again does not make more items.

    All signs are counted, none are drawn, so there is no seed. Where there are too many sums to count, their normal
    distribution is used, whose tails are a little too heavy: p is then, if anything, too large. It is used, too, where
    scores differ by more than 1, as those that labels correct do (`label_correction`): they are no steps of a scale.

    Args:
        first: shape (items,): each item's mean score over its repeats, 0 to 1, or corrected.
        second: the same of the other system, item by item.

    Returns:
        Two-sided, above 0 and up to 1; None where there are no items.

    Raises:
        ValueError: the two are not of one shape, or a score is missing.

    Source: R. A. Fisher, "The Design of Experiments" (1935), section 21; E. J. G. Pitman, JRSS Suppl. 4 (1937).
    McNemar's test: Psychometrika 12 (1947); exact: F. Mosteller, Biometrics 8 (1952).
    """
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"paired scores must be item by item, not of shapes {first.shape} and {second.shape}")
    if not len(first):
        return None
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not np.all(np.isfinite(differences)):
        raise ValueError("an item without a score cannot be compared: leave it out of both")
    if np.abs(differences).max() > 1 + 1 / _STEPS:
        return math.erfc(abs(float(differences.sum())) / math.sqrt(2 * float(differences @ differences)))
    steps = np.rint(differences * _STEPS).astype(np.int64)
    steps = steps[steps != 0]
    if not len(steps):
        return 1.0
    steps //= np.gcd.reduce(steps)
    if np.all(np.abs(steps) == 1):
        return coin_p(int((steps > 0).sum()), len(steps))
    sizes, counts = np.unique(np.abs(steps), return_counts=True)
    observed = abs(int(steps.sum()))
    if int(sizes @ counts) * len(sizes) > _MAX_WORK:
        # Sums are two steps apart, so the share from `observed` on begins one step before it.
        p_value = math.erfc((observed - 1) / math.sqrt(2 * float(counts @ sizes.astype(np.float64) ** 2)))
    else:
        p_value = _share_as_uneven(sizes, counts, observed)
    # Rounding must not take p below what all differences of one sign would have.
    return min(1.0, max(p_value, math.ldexp(1.0, 1 - len(steps)), math.ulp(0.0)))


def _share_as_uneven(sizes: NDArray[np.int64], counts: NDArray[np.int64], observed: int) -> float:
    """Return the chance that random signs give |sum| >= observed, for `counts` differences of each of the `sizes`."""
    chances = np.ones(1)  # of every possible sum of those differences whose sign is plus
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        pluses = np.zeros(size * count + 1)
        pluses[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
        chances = convolve(chances, pluses)
    total = len(chances) - 1
    sums = np.abs(2 * np.arange(total + 1) - total)
    return float(np.clip(chances[sums >= observed], 0.0, None).sum())


def coin_p(heads: int, tosses: int) -> float:
    """Return the two-sided p-value of a fair coin, exactly: 1 without a toss."""
    return min(1.0, 2 * float(bdtr(min(heads, tosses - heads), tosses, 0.5)))
