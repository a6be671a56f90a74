"""Compute means of bounded scores, and their differences, clustered by block and never narrower than by item.

Accuracy hardly depends on when an item was asked, but answers of one block may resemble each other (one batch, one
state of a server). The t interval between blocks sees that. It also shrinks to nothing where all blocks happen to
agree, and few blocks agree often; so the outer ends of it and of the interval by item are taken, and the larger p.

Sources: as `block_ratios`; by item as `accuracy_interval`, `mean_difference` and `paired_p_value`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from wattbench_reports.stats.intervals import CONFIDENCE, Interval


@dataclass(frozen=True)
class PairedBlockMean:
    """One system's mean score less another's."""

    difference: Interval
    """First - second, -1 to 1."""
    p_value: float
    """Two-sided: the larger of the one between blocks and the one by item."""
    df: float


def block_mean_intervals(
    scores: NDArray[np.float64],
    counts: NDArray[np.float64],
    *,
    by_item: Sequence[Interval | None],
    confidence: float = CONFIDENCE,
) -> list[Interval | None]:
    """Return each system's mean score, with the outer ends of the interval between blocks and the one by item.

    Args:
        scores: shape (blocks, systems): the sum of the scores, each 0 to 1, over the items of a block, with their
            weights.
        counts: the same shape: the sum of the weights; without weights, the answers.
        by_item: the interval by item of each system, such as `accuracy_interval`'s.
        confidence: the two-sided level.

    Returns:
        Within 0 to 1; the interval by item itself from one block. None where that is None.
    """
    halves = _halves(_mean_residuals(scores, counts), confidence)
    intervals: list[Interval | None] = []
    for inner, half in zip(by_item, halves, strict=True):
        intervals.append(None if inner is None else _outer(inner, half, 0.0))
    return intervals


def paired_block_means(
    first: tuple[NDArray[np.float64], NDArray[np.float64]],
    second: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    by_item: Sequence[tuple[Interval, float] | None],
    confidence: float = CONFIDENCE,
) -> list[PairedBlockMean | None]:
    """Compare mean scores of two systems over the same blocks and items.

    Args:
        first: (scores, counts), each of shape (blocks, pairs), as `block_mean_intervals` takes them.
        second: the same of the other system.
        by_item: the difference by item and its p-value, such as `mean_difference`'s and `paired_p_value`'s.
        confidence: the two-sided level.

    Returns:
        Within -1 to 1. None where there is no difference by item.
    """
    residuals = _mean_residuals(*first) - _mean_residuals(*second)
    halves = _halves(residuals, confidence)
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


def _halves(residuals: NDArray[np.float64], confidence: float) -> list[float]:
    """Return half the width of the t interval of each column."""
    student = float(stdtrit(max(len(residuals) - 1, 1), (1 + confidence) / 2))
    return [student * error for error in _errors(residuals).tolist()]


def _outer(inner: Interval, half: float, least: float) -> Interval:
    estimate = inner.estimate
    low, high = min(inner.low, estimate - half), max(inner.high, estimate + half)
    return Interval(estimate, max(least, low), min(1.0, high))
