"""Bootstrap the median over items with several answers each, in a time that does not grow with them.

A median is no sum, but it can be read off sums: of how many answers lie at or below each of some values. Items are
drawn again by `resampled_sums`, so a median varies together with whatever else is summed over the same draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE, Interval

MAX_BINS = 64
"""With more values than this about the median, neighbours share a bin: an eighth of a standard error, at the most."""

_SPREAD = 2.5
"""How far from a half, times sqrt(items), the rank of another sample's median may lie: five standard errors."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Bins:
    """Values binned so finely about their median that the median of a resample is known."""

    values: NDArray[np.float64]
    """Shape (bins,), rising: what a median in this bin is taken to be."""
    bin_of: NDArray[np.int64]
    """Shape (answers,): the bin of each value."""


def median_bins(values: NDArray[np.float64], weights: NDArray[np.float64], items: float, most: int = MAX_BINS) -> Bins:
    """Divide values for `drawn_medians`.

    Where no more than `most` different values lie about the median, each has a bin of its own, and medians are exact.

    Args:
        values: shape (answers,), one or more, all finite.
        weights: shape (answers,): what each counts for, not negative.
        items: from how many items they come. Repeats of an item may say the same again, so they count for nothing.
        most: how many bins there may be.
    """
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    reach = _SPREAD / np.sqrt(items)
    bounds = np.array([max(0.0, 0.5 - reach), min(1.0, 0.5 + reach)]) * reached[-1]
    first, last = np.minimum(np.searchsorted(reached, bounds), len(values) - 1)
    near = values[order[first : last + 1]]
    edges = np.unique(near)
    if len(edges) > most:
        edges = np.unique(near[np.linspace(0, len(near) - 1, most + 1).astype(np.int64)[1:]])
    ends = np.searchsorted(near, edges, side="right")
    middles = near[(np.concatenate(([0], ends[:-1])) + ends - 1) // 2]
    return Bins(middles, np.minimum(np.searchsorted(edges, values), len(edges) - 1))


def drawn_medians(counts: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each resample: the mean of the two middle values where their number is even.

    Args:
        counts: shape (resamples, bins): how many answers of the resample lie in each bin, or what they count for.
        values: shape (bins,), as `Bins` has them.

    Returns:
        Shape (resamples,); NaN where a resample has no answer.
    """
    below = counts.cumsum(axis=1)
    total = below[:, [-1]]
    # A half may be missed by a rounding error where answers count for a fraction.
    lower, upper = below >= total * (0.5 - _ROUNDING), below > total * (0.5 + _ROUNDING)
    medians = (values[np.argmax(lower, axis=1)] + values[np.argmax(upper, axis=1)]) / 2
    return np.asarray(np.where(total[:, 0] > 0, medians, np.nan))


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
