"""Compute ratios of sums, and their pairs, with errors clustered by block: the intervals hold items and time.

A run in blocks is a randomised complete block design: in every block all systems answer other items of the same tasks,
in a random order. What the machine does meanwhile is in the spread between blocks, and cancels between two systems of
the same block as far as it hits both. Of system s in R blocks, with sums J (joules) and c (correct answers):

    l_s  = log(sum_r J_rs / sum_r c_rs)                    l_s(r): the same without block r
    v_s  = (R - 1) / R sum_r (l_s(r) - mean)^2             its variance, R - 1 degrees of freedom
    l_s +- t sqrt(v_s)                                     a pair: the same of l_s - l_s'

This is the delete-one-block jackknife. To first order (R - 1) (l_s - l_s(r)) = R z_rs, where z_rs = J_rs / sum_r J_rs
- c_rs / sum_r c_rs is the residual of the ratio, so that v_s = R / (R - 1) sum_r z_rs^2, Cochran's variance of a ratio.
The two agree where no block holds much of a sum. Where a few items do (64 items, a standard deviation of 1.5 in the
logarithm of their joules), Cochran's tells two alike systems apart in 7.0 to 7.5% of 2,000 runs under each of four
noises, the jackknife in 5.2 to 5.7%.
Either way a block of more items has more of both sums, so that blocks of unequal size need no correction.

Valid where items are dealt into blocks at random and machine noise is not correlated over much longer than a block;
what lasts for a whole run is in `session_variance`. A percentile bootstrap of so few blocks is too narrow, t is not.

Sources: A. Abedi and T. Brecht, "Conducting repeatable experiments in highly variable cloud computing environments",
ICPE 2017 (randomised interleaved trials); T. Kalibera and R. Jones, "Rigorous benchmarking in reasonable time", ISMM
2013; P. S. Kott, "The delete-a-group jackknife", J. of Official Statistics 17 (2001); W. G. Cochran, "Sampling
Techniques" (1977), sections 6.3 and 6.17.

**Means of bounded scores**, and their differences, are never narrower than by item. Accuracy hardly depends on when an
item was asked, but answers of one block may resemble each other (one batch, one state of a server). The t interval
between blocks sees that. It also shrinks to nothing where all blocks happen to agree, and few blocks agree often; so
the outer ends of it and of the interval by item are taken, and the larger p.

Sources: as above; by item as `accuracy_interval`, `mean_difference` and `paired_p_value`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from wattbench_reports.stats.intervals import CONFIDENCE, Interval, log_interval

Sums = NDArray[np.float64]
"""Shape (blocks, systems or pairs), not negative: sums over the items of a block, each item with the weight that it has
in the figure (of a mix: the domain's share over its items)."""


@dataclass(frozen=True)
class BlockRatio:
    """A ratio of sums over all blocks, and the variance of its logarithm."""

    estimate: float
    log_variance: float
    df: float
    """Degrees of freedom of the variance: blocks - 1."""
    open_above: bool = False
    """Too few blocks have anything in the denominator: nothing bounds the ratio from above."""

    def interval(self) -> Interval:
        """Return estimate x exp(+- t sqrt(log_variance))."""
        return self.with_variance(self.log_variance, self.df)

    def with_variance(self, log_variance: float, df: float) -> Interval:
        """Return the interval of the estimate with another variance of its logarithm."""
        interval = _log_t_interval(self.estimate, log_variance, df)
        return replace(interval, high=math.inf) if self.open_above else interval


@dataclass(frozen=True)
class PairedBlockRatio:
    """One system's ratio over another's."""

    ratio: Interval
    """The first over the second: below 1 the first is lower."""
    p_value: float
    """Two-sided, that the two are equal."""
    probability_lower: float
    """That the first is truly lower, by the t distribution around the estimate."""
    df: float


def ratios(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide element-wise; a denominator of zero gives infinity: nothing was got for what was spent."""
    out = np.full(np.shape(numerators), np.inf)
    np.divide(numerators, denominators, out=out, where=denominators > 0)
    return out


def block_ratio(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> BlockRatio | None:
    """Return the ratio of the sums of one system, with the variance of its logarithm between blocks.

    Args:
        numerators: shape (blocks,), not negative: joules.
        denominators: shape (blocks,), not negative: correct answers.

    Returns:
        None from one block, which shows no spread, or without anything in the denominators: the ratio does not exist.
        With nothing in the numerators the ratio is 0 for certain, as a price of 0 is.
    """
    if len(numerators) < 2 or denominators.sum() <= 0:
        return None
    blocks, ratio = len(numerators), float(numerators.sum() / denominators.sum())
    losses = log_ratio_losses(numerators[:, None], denominators[:, None])
    variance = float(_variances(losses)[0]) if ratio > 0 else 0.0
    return BlockRatio(ratio, variance, blocks - 1, _may_be_empty(denominators))


def paired_block_ratios(first: tuple[Sums, Sums], second: tuple[Sums, Sums]) -> list[PairedBlockRatio | None]:
    """Compare ratios of sums of two systems over the same blocks: the speed of a block cancels.

    A session's effect on the machine cancels too, as far as it slows both systems by the same factor. What differs
    between sessions for one of them alone (how its weights came to lie in memory, say) is not in this interval; only
    more sessions show it.

    Args:
        first: (numerators, denominators), each of shape (blocks, pairs), over the items that count for both.
        second: the same of the other system, block by block and pair by pair.

    Returns:
        One per pair; None from one block, or where one of the two has nothing in its numerators or denominators.
    """
    blocks, pairs = first[0].shape
    totals = [array.sum(axis=0) for array in (*first, *second)]
    if blocks < 2:
        return [None] * pairs
    variances = _variances(log_ratio_losses(*first) - log_ratio_losses(*second))
    results: list[PairedBlockRatio | None] = []
    for pair in range(pairs):
        ours, our_base, theirs, their_base = (float(total[pair]) for total in totals)
        if min(ours, our_base, theirs, their_base) <= 0:
            results.append(None)
            continue
        ratio = ours / our_base / (theirs / their_base)
        results.append(log_t_pair(ratio, float(variances[pair]), blocks - 1))
    return results


def log_ratio_losses(numerators: Sums, denominators: Sums) -> NDArray[np.float64]:
    """Return values by block whose mean is the log ratio and whose spread is its error: l + (R - 1) (mean l(r) - l(r)).

    They are the losses that `pairwise_p_values` takes. NaN throughout for a system with
    nothing in its numerators or denominators, or with all of either in one block: nothing is known of its spread.

    Args:
        numerators: of blocks; or of items, each a block of its own.
        denominators: the same shape.

    Returns:
        Shape (blocks, systems).
    """
    blocks, (tops, bottoms) = len(numerators), (numerators.sum(axis=0), denominators.sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.log(tops) - np.log(bottoms)
        without = np.log(tops - numerators) - np.log(bottoms - denominators)
        losses = whole + (blocks - 1) * (without.mean(axis=0) - without)
    return np.asarray(np.where(np.isfinite(losses).all(axis=0), losses, np.nan))


def log_t_pair(ratio: float, log_variance: float, df: float) -> PairedBlockRatio:
    """Return a ratio of two systems' figures with its interval, p-value and probability from the t distribution."""
    error, size = math.sqrt(log_variance), math.log(ratio)
    # No spread: in the same proportion in every block, so that no block contradicts the sign.
    below = float(stdtr(df, -size / error)) if error > 0 else (1 - float(np.sign(size))) / 2
    interval = _log_t_interval(ratio, log_variance, df)
    return PairedBlockRatio(interval, min(1.0, 2 * min(below, 1 - below)), below, df)


def _log_t_interval(estimate: float, log_variance: float, df: float) -> Interval:
    return log_interval(estimate, float(stdtrit(df, (1 + CONFIDENCE) / 2)) * math.sqrt(log_variance))


def _variances(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of each column's mean; infinite for a column of NaN."""
    variances = losses.var(axis=0, ddof=1) / len(losses)
    return np.asarray(np.where(np.isnan(variances), np.inf, variances))


def _may_be_empty(denominators: NDArray[np.float64]) -> bool:
    """Return whether blocks drawn again with replacement would often hold nothing to divide by.

    Often: in more draws than the tail of an interval has, (share of empty blocks)^blocks > 2.5%. A percentile bootstrap
    has this rule by itself.
    """
    empty = float((denominators <= 0).mean())
    return bool(empty ** len(denominators) > (1 - CONFIDENCE) / 2)


@dataclass(frozen=True)
class PairedBlockMean:
    """One system's mean score less another's."""

    difference: Interval
    """First - second, -1 to 1."""
    p_value: float
    """Two-sided: the larger of the one between blocks and the one by item."""
    df: float


def block_mean_intervals(
    scores: NDArray[np.float64], counts: NDArray[np.float64], *, by_item: Sequence[Interval | None]
) -> list[Interval | None]:
    """Return each system's mean score, with the outer ends of the interval between blocks and the one by item.

    Args:
        scores: shape (blocks, systems): the sum of the scores, each 0 to 1, over the items of a block, with their
            weights.
        counts: the same shape: the sum of the weights; without weights, the answers.
        by_item: the interval by item of each system, such as `accuracy_interval`'s.

    Returns:
        Within 0 to 1; the interval by item itself from one block. None where that is None.
    """
    halves = _halves(_mean_residuals(scores, counts))
    intervals: list[Interval | None] = []
    for inner, half in zip(by_item, halves, strict=True):
        intervals.append(None if inner is None else _outer(inner, half, 0.0))
    return intervals


def paired_block_means(
    first: tuple[NDArray[np.float64], NDArray[np.float64]],
    second: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    by_item: Sequence[tuple[Interval, float] | None],
) -> list[PairedBlockMean | None]:
    """Compare mean scores of two systems over the same blocks and items.

    Args:
        first: (scores, counts), each of shape (blocks, pairs), as `block_mean_intervals` takes them.
        second: the same of the other system.
        by_item: the difference by item and its p-value, such as `mean_difference`'s and `paired_p_value`'s.

    Returns:
        Within -1 to 1. None where there is no difference by item.
    """
    residuals = _mean_residuals(*first) - _mean_residuals(*second)
    halves = _halves(residuals)
    errors, df = _errors(residuals), len(residuals) - 1
    results: list[PairedBlockMean | None] = []
    for inner, half, error in zip(by_item, halves, errors.tolist(), strict=True):
        if inner is None:
            results.append(None)
            continue
        difference, p_value = inner
        between = 2 * float(stdtr(df, -abs(difference.estimate) / error)) if error > 0 else 0.0
        results.append(PairedBlockMean(_outer(difference, half, -1.0), max(p_value, between), df))
    return results


def _mean_residuals(scores: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each block's part in the mean's error, (score - mean x count) / all counts: unequal sizes add nothing."""
    total = counts.sum(axis=0)
    parts = scores - counts * np.divide(scores.sum(axis=0), total, out=np.zeros(len(total)), where=total > 0)
    return np.asarray(np.divide(parts, total, out=np.zeros(parts.shape), where=total > 0))


def _errors(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error of each column's mean; 0 from one block, which leaves the figures by item."""
    blocks = len(residuals)
    if blocks < 2:
        return np.zeros(residuals.shape[1])
    return np.asarray(np.sqrt(blocks**2 / (blocks - 1) * residuals.var(axis=0)))


def _halves(residuals: NDArray[np.float64]) -> list[float]:
    """Return half the width of the t interval of each column."""
    student = float(stdtrit(max(len(residuals) - 1, 1), (1 + CONFIDENCE) / 2))
    return [student * error for error in _errors(residuals).tolist()]


def _outer(inner: Interval, half: float, least: float) -> Interval:
    estimate = inner.estimate
    low, high = min(inner.low, estimate - half), max(inner.high, estimate + half)
    return Interval(estimate, max(least, low), min(1.0, high))
