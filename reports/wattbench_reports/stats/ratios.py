"""Compute ratios of two sums over items, such as joules per correct answer, with both varying together."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.bootstrap import resampled_sums
from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE, Interval


def ratios(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide element-wise; a denominator of zero gives infinity: nothing was got for what was spent."""
    out = np.full(np.shape(numerators), np.inf)
    np.divide(numerators, denominators, out=out, where=denominators > 0)
    return out


def ratio_intervals(
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = DEFAULT_SEED,
) -> list[Interval | None]:
    """Return sum(numerator) / sum(denominator) of each column, with a percentile bootstrap over items.

    An item brings its numerator and its denominator along together, so the interval knows that hard items may be
    both dear and wrong. A resample in which the denominator is zero counts as infinite; where more than the tail
    does, the upper bound is infinite. With fewer than two items nothing bounds the ratio: 0 to infinity.

    Args:
        numerators: shape (items, columns), not negative: joules, for instance, of all repeats of an item, with a
            column per system. An item that a system has no figure for is zero in both arrays.
        denominators: the same shape, not negative: correct answers, for instance.
        confidence: the two-sided level.
        resamples: how many times the items are drawn, the same for all columns.
        seed: of the draws.

    Returns:
        An interval per column; None where the denominator is zero over all items: the ratio does not exist.

    Source: percentile bootstrap, B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.
    """
    if not len(numerators):
        return [None] * numerators.shape[1]
    draws = ratios(*resampled_sums(numerators, denominators, resamples=resamples, seed=seed))
    totals = ratios(numerators.sum(axis=0), denominators.sum(axis=0))
    counted = ((numerators != 0) | (denominators != 0)).sum(axis=0)
    return [
        percentile_interval(float(total), draws[:, column], confidence, few=bool(counted[column] < 2))
        for column, total in enumerate(totals)
    ]


def percentile_interval(
    estimate: float, draws: NDArray[np.float64], confidence: float = CONFIDENCE, *, few: bool
) -> Interval | None:
    """Return an estimate with percentiles of its draws as bounds, which always contain it.

    Args:
        estimate: over the items as they are. Not a finite number: there is none.
        draws: shape (resamples,): the same over items drawn again; may be infinite.
        confidence: the two-sided level.
        few: fewer than two items, so that nothing bounds it: 0 to infinity.
    """
    if not math.isfinite(estimate):
        return None
    if few:
        return Interval(estimate, 0.0, math.inf)
    tail = (1 - confidence) / 2
    # Values that were drawn, never one between two of them: one of the two may be infinite.
    low = float(np.quantile(draws, tail, method="lower"))
    high = float(np.quantile(draws, 1 - tail, method="higher"))
    return Interval(estimate, min(low, estimate), max(high, estimate))
