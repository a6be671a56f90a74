"""Estimate how a mean over items varies where each stratum of the items (a task) has as many as it has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def variance_of_mean(
    values: NDArray[np.float64], strata: NDArray[np.integer[Any]] | None = None
) -> tuple[float, float]:
    """Return the variance of the mean of some values, and its degrees of freedom: values less strata.

    What strata differ by is part of the mean and no noise: other items would be of the same tasks. So it is
    sum_k (n_k / n)^2 s_k^2 / n_k. Where a stratum has a single value, which shows no spread, strata are left aside.

    Args:
        values: shape (values,).
        strata: shape (values,): of each, as whole numbers from 0; None: all are of one.

    Returns:
        Infinite, with no degree of freedom, from fewer than two values.

    Source: W. G. Cochran, "Sampling Techniques" (1977), section 5.4.
    """
    number = len(values)
    if number < 2:
        return float("inf"), 0.0
    if strata is None:
        return float(values.var(ddof=1)) / number, number - 1.0
    counts = np.bincount(strata)
    filled = counts[counts > 0]
    if len(filled) < 2 or filled.min() < 2:
        return variance_of_mean(values)
    means = np.bincount(strata, values) / np.maximum(counts, 1)
    squares = np.bincount(strata, (values - means[strata]) ** 2)[counts > 0]
    return float((squares * filled / (filled - 1)).sum()) / number**2, float(number - len(filled))
