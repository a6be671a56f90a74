"""Compare two systems on the same items: the size and the sign of their difference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE, Interval


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
