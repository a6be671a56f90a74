"""Compute ratios of two sums over items, such as joules per correct answer, with both varying together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.block_ratios import log_ratio_losses
from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE, Interval, log_interval
from wattbench_reports.stats.resampling.bootstrap import resampled_sums

FEW_ITEMS = 30
"""Below this effective number of items an interval of a ratio is marked."""
OPEN_ITEMS = 10
"""Below this effective number of items a ratio has no upper bound: a few items then hold most of what was spent, and
the spread among the others says nothing of the next such item."""


def ratios(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide element-wise; a denominator of zero gives infinity: nothing was got for what was spent."""
    out = np.full(np.shape(numerators), np.inf)
    np.divide(numerators, denominators, out=out, where=denominators > 0)
    return out


def effective_items(numerators: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the number of equal items that would be worth as much as those of each column: (sum x)^2 / sum x^2.

    Args:
        numerators: shape (items, columns), not negative: joules, with the items' weights.

    Returns:
        Shape (columns,); 0 for a column of zeros.

    Source: L. Kish, "Survey Sampling" (1965), section 11.7.
    """
    squares = (numerators**2).sum(axis=0)
    shared = np.divide(numerators.sum(axis=0) ** 2, squares, out=np.zeros(len(squares)), where=squares > 0)
    return np.asarray(shared)


def ratio_intervals(
    numerators: NDArray[np.float64],
    denominators: NDArray[np.float64],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = DEFAULT_SEED,
) -> list[Interval | None]:
    """Return sum(numerator) / sum(denominator) of each column, with bounds that hold for few and uneven items.

    The bounds are the outer ends of a percentile bootstrap over items and of log-t (`widened_interval`). An item
    brings its numerator and its denominator along together, so the interval knows that hard items may be both dear
    and wrong. A resample in which the denominator is zero counts as infinite; where more than the tail does, the upper
    bound is infinite. With fewer than two items nothing bounds the ratio: 0 to infinity.

    Args:
        numerators: shape (items, columns), not negative: joules, for instance, of all repeats of an item, with a
            column per system. An item that a system has no figure for is zero in both arrays.
        denominators: the same shape, not negative: correct answers, for instance.
        confidence: the two-sided level.
        resamples: how many times the items are drawn, the same for all columns.
        seed: of the draws.

    Returns:
        An interval per column; None where the denominator is zero over all items: the ratio does not exist.

    Source: percentile bootstrap, B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13;
    `block_ratios` for the jackknife, with every item a block; `effective_items`.
    """
    if not len(numerators):
        return [None] * numerators.shape[1]
    draws = ratios(*resampled_sums(numerators, denominators, resamples=resamples, seed=seed))
    totals = ratios(numerators.sum(axis=0), denominators.sum(axis=0))
    counted = ((numerators != 0) | (denominators != 0)).sum(axis=0)
    effective = effective_items(numerators)
    intervals: list[Interval | None] = []
    for column, total in enumerate(totals.tolist()):
        items = int(counted[column])
        interval = percentile_interval(total, draws[:, column], confidence, few=items < 2)
        if interval is not None and items >= 2 and total > 0:
            error = _log_se(numerators[:, column], denominators[:, column])
            interval = widened_interval(interval, error, items - 1, float(effective[column]), confidence)
        intervals.append(interval)
    return intervals


def widened_interval(
    interval: Interval, log_se: float, df: float, effective: float, confidence: float = CONFIDENCE
) -> Interval:
    """Return the outer ends of an interval of a ratio and of estimate x exp(+- t log_se).

    A percentile interval is too narrow for few items with a long tail: it knows only the items that were drawn. On the
    scale of the logarithm t is wider, most of all upwards.

    Args:
        interval: of a ratio above 0, by percentiles.
        log_se: the standard error of the ratio's logarithm.
        df: items - 1.
        effective: as `effective_items` counts them. Below `FEW_ITEMS` the interval is marked, below `OPEN_ITEMS` its
            upper bound is infinite.
        confidence: the two-sided level.
    """
    from scipy.special import stdtrit

    outer = outer_log_t(interval, float(stdtrit(df, (1 + confidence) / 2)) * log_se)
    high = math.inf if effective < OPEN_ITEMS else outer.high
    return replace(outer, high=high, few=effective < FEW_ITEMS)


def outer_log_t(interval: Interval, half: float) -> Interval:
    """Return the outer ends of an interval of a ratio and of estimate x exp(+- half)."""
    other = log_interval(interval.estimate, half)
    return replace(interval, low=min(interval.low, other.low), high=max(interval.high, other.high))


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


def _log_se(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> float:
    """Return the standard error of log(sum / sum) by jackknife; infinite where one item holds all of either sum."""
    items = (numerators != 0) | (denominators != 0)
    losses = log_ratio_losses(numerators[items, None], denominators[items, None])[:, 0]
    return math.inf if np.isnan(losses).any() else float(losses.std(ddof=1)) / math.sqrt(len(losses))
