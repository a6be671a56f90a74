"""Test whether one system is more often right than another on the same items, exactly, from where they differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 840
"""Differences of mean scores are whole multiples of 1/840 for 0 and 1 over up to eight repeats (840 is the least
common multiple of 1 to 8). Other scores are rounded to it: by 0.06 points at most."""

_MAX_WORK = 20_000_000
"""Above this many additions the normal distribution replaces the exact one. There are thousands of items then."""

_DIRECT = 1_000_000
"""Up to this many products a convolution is computed directly."""


@dataclass(frozen=True)
class McNemar:
    """Right and wrong answers of two systems on the same items, and the p-value of the difference."""

    items: int
    first_only: int
    """Items that only the first system got right."""
    second_only: int
    p_value: float
    """Two-sided and exact: how often fair coins would fall as unevenly as the discordant items do, or more so."""

    @property
    def discordant(self) -> int:
        """Count the items that one got right and the other wrong: all that the test depends on."""
        return self.first_only + self.second_only

    @property
    def discordant_share(self) -> float:
        """Return the discordant share of the items, 0 to 1, as `power_of` takes it."""
        return self.discordant / self.items

    @property
    def difference(self) -> float:
        """Return accuracy of the first - accuracy of the second, -1 to 1."""
        return (self.first_only - self.second_only) / self.items


def mcnemar_exact(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar | None:
    """Run McNemar's test with the binomial distribution in place of chi-square, exact for few items.

    Args:
        first: shape (items,): whether the first system got the item right.
        second: the same of the other system, item by item.

    Returns:
        None where there are no items: nothing was compared. Without a discordant item p is 1.

    Raises:
        ValueError: the two are not of one shape.

    Source: Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12 (1947); exact: F. Mosteller, Biometrics 8 (1952).
    """
    _same_shape(first, second)
    if not len(first):
        return None
    ours, theirs = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    first_only, second_only = int((ours & ~theirs).sum()), int((~ours & theirs).sum())
    return McNemar(len(ours), first_only, second_only, coin_p(first_only, first_only + second_only))


def paired_p_value(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Return the p-value of equal means over the same items, for graded scores and repeats too.

    A sign-flip test: if the systems are alike, each item's difference might as well have had the other sign. p is the
    share of all 2^items ways to set the signs in which the differences sum to as much, either way. It was chosen over
    a clustered t-test as it is exact however few and however uneven the differences are, and *is* McNemar's exact
    test where every difference is -1, 0 or 1; over many items both give the same. The item is the unit: its repeats
    were averaged beforehand and stay together, so that asking again does not make more items.

    All signs are counted, none are drawn, so there is no seed. Where there are too many sums to count, their normal
    distribution is used, whose tails are a little too heavy: p is then, if anything, too large.

    Args:
        first: shape (items,): each item's mean score over its repeats, 0 to 1.
        second: the same of the other system, item by item.

    Returns:
        Two-sided, above 0 and up to 1; None where there are no items.

    Raises:
        ValueError: the two are not of one shape, or a score is missing.

    Source: R. A. Fisher, "The Design of Experiments" (1935), section 21; E. J. G. Pitman, JRSS Suppl. 4 (1937).
    """
    _same_shape(first, second)
    if not len(first):
        return None
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if not np.all(np.isfinite(differences)):
        raise ValueError("an item without a score cannot be compared: leave it out of both")
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
    """The share of all settings of signs with |sum| >= observed; `counts` differences of each of the `sizes`."""
    chances = np.ones(1)  # of every possible sum of those differences whose sign is plus
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        pluses = np.zeros(size * count + 1)
        pluses[::size] = _heads(count)
        chances = _convolved(chances, pluses)
    total = len(chances) - 1
    sums = np.abs(2 * np.arange(total + 1) - total)
    return float(np.clip(chances[sums >= observed], 0.0, None).sum())


def _heads(tosses: int) -> NDArray[np.float64]:
    """Return the chances of 0, 1, 2 ... heads of a fair coin. `scipy.stats`, which has them too, takes a second to
    import."""
    from scipy.special import gammaln

    heads = np.arange(tosses + 1)
    ways: NDArray[np.float64] = gammaln(tosses + 1) - gammaln(heads + 1) - gammaln(tosses - heads + 1)
    return np.exp(ways - tosses * math.log(2))


def _convolved(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances of sums: directly or by Fourier transforms, whichever is sooner."""
    if len(first) * len(second) <= _DIRECT:
        return np.convolve(first, second)
    from scipy.signal import fftconvolve  # takes a second to import

    return np.asarray(fftconvolve(first, second), dtype=np.float64)


def coin_p(heads: int, tosses: int) -> float:
    """Return the two-sided p-value of a fair coin, exactly: 1 without a toss."""
    from scipy.special import bdtr  # scipy.stats, whose binomtest is the same, takes a second to import

    return min(1.0, 2 * float(bdtr(min(heads, tosses - heads), tosses, 0.5)))


def _same_shape(first: NDArray[np.generic], second: NDArray[np.generic]) -> None:
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"paired scores must be item by item, not of shapes {first.shape} and {second.shape}")
