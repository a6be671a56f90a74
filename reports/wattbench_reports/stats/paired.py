"""Compare two systems on the same items: the size and the sign of their difference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE, Interval
from wattbench_reports.stats.ratios import ratios
from wattbench_reports.stats.stratified_bootstrap import stratified_sums


def probabilities_lower(
    first: tuple[NDArray[np.float64], NDArray[np.float64]],
    second: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    resamples: int = RESAMPLES,
    seed: int = DEFAULT_SEED,
) -> list[float]:
    """Return how often, over resampled items, the first system's ratio of sums is below the second's, by pair.

    Both systems are summed over the same drawn items, so what makes an item dear or hard for both cancels. Of n items
    n - 1 are drawn, as in the intervals: n would understate the spread of few. Ties, two infinities among them, count
    half. With fewer than two items of a pair the answer is 0.5: one item shows no spread.

    Args:
        first: (numerators, denominators), each of shape (items, pairs), such as joules and correct answers. An item
            that counts for only one system of a pair is zero in all four arrays.
        second: the same of the other system, item by item and pair by pair.
        resamples: how many times the items are drawn, the same for all pairs.
        seed: of the draws.

    Returns:
        A share of the resamples per pair, 0 to 1. It speaks of other items of this kind, not of other machines or days.
    """
    arrays = (*first, *second)
    strata = np.zeros(len(first[0]), dtype=np.int64)
    drawn = [sums[:, 0] for sums in stratified_sums(*arrays, strata=strata, resamples=resamples, seed=seed)]
    ours, theirs = ratios(drawn[0], drawn[1]), ratios(drawn[2], drawn[3])
    below = np.mean(ours < theirs, axis=0) + np.mean(ours == theirs, axis=0) / 2
    items = np.any([array != 0 for array in arrays], axis=0).sum(axis=0)
    return [float(share) for share in np.where(items < 2, 0.5, below)]


def mean_difference(
    first: NDArray[np.float64], second: NDArray[np.float64], confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the mean of first - second over the same items, with an interval that stays wide if all items agree.

    For scores of 0 and 1 this is the interval of Agresti and Min: half a pair is added to each of the four outcomes
    before the Wald interval is taken. The two discordant halves leave the sum of differences alone and add 1 to
    the sum of their squares, which is how it is done here, and so it also serves means over repeats.

    Args:
        first: shape (items,): each item's mean score, 0 to 1.
        second: the same of the other system.
        confidence: the two-sided level.

    Returns:
        The difference, -1 to 1; None where there are no items.

    Source: A. Agresti and Y. Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24 (2005).
    """
    from statistics import NormalDist

    items = len(first)
    if not items:
        return None
    differences = first - second
    padded = items + 2
    centre = float(differences.sum()) / padded
    variance = (float(differences @ differences) + 1) / padded - centre**2
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance / padded)
    return Interval(float(differences.mean()), max(-1.0, centre - half), min(1.0, centre + half))
