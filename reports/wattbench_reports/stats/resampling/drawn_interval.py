"""Bound a figure by the percentiles of its bootstrap draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE, Interval


def interval_of(estimate: float, draws: NDArray[np.float64], confidence: float = CONFIDENCE) -> Interval:
    """Return an estimate with the percentiles of its draws as bounds.

    Args:
        estimate: of the sample itself, in the unit of the draws.
        draws: shape (resamples,); NaN is left out.
        confidence: the two-sided level.

    Source: percentile bootstrap, B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.
    """
    tail = (1 - confidence) / 2
    known = draws[~np.isnan(draws)]
    # Values that were drawn, never one between two of them: one of the two may be infinite.
    low = float(np.quantile(known, tail, method="lower"))
    high = float(np.quantile(known, 1 - tail, method="higher"))
    return Interval(estimate, min(low, estimate), max(high, estimate))
