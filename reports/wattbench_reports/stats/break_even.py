"""Compute after how many correct answers an outlay has been saved."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE, Interval
from wattbench_reports.stats.ratios import ratios
from wattbench_reports.stats.resampling.bootstrap import resampled_sums


@dataclass(frozen=True)
class Payback:
    """When an outlay has paid for itself."""

    answers: Interval
    """Correct answers. Infinite is never: so may be the upper bound alone, and the estimate."""
    probability: float
    """That it ever does, over other items of this kind."""


def payback(
    outlay_j: float,
    ours: tuple[NDArray[np.float64], NDArray[np.float64]],
    theirs: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = DEFAULT_SEED,
) -> Payback | None:
    """outlay / (their joules per correct answer - ours), with a percentile bootstrap over the same items for both.

    A resample in which ours are not fewer counts as infinite: there the outlay is never saved.

    Args:
        outlay_j: joules spent before the first answer.
        ours: (joules, correct answers) of the system that was paid for, each of shape (items,).
        theirs: the same of the other system, over the same items.
        confidence: the two-sided level.
        resamples: how many times the items are drawn.
        seed: of the draws.

    Returns:
        None where one of the two answered nothing correctly, or there are no items: there is nothing to set against.

    Source: as `ratio_intervals`; the ratio's denominator may be zero or less, which a normal interval cannot say.
    """
    if not len(ours[0]):
        return None
    sums = resampled_sums(*(column[:, None] for column in (*ours, *theirs)), resamples=resamples, seed=seed)
    draws = [column[:, 0] for column in sums]
    return payback_from_draws(
        outlay_j,
        (float(ours[0].sum()), float(ours[1].sum())),
        (float(theirs[0].sum()), float(theirs[1].sum())),
        (draws[0], draws[1]),
        (draws[2], draws[3]),
        items=len(ours[0]),
        confidence=confidence,
    )


def payback_from_draws(
    outlay_j: float,
    ours: tuple[float, float],
    theirs: tuple[float, float],
    our_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    their_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    items: int,
    confidence: float = CONFIDENCE,
) -> Payback | None:
    """Return `payback` from sums that are already drawn, for many pairs over the same items.

    Args:
        outlay_j: joules spent before the first answer.
        ours: (joules, correct answers), over all items.
        theirs: the same of the other system.
        our_draws: the same two over the drawn items, each of shape (resamples,).
        their_draws: the same of the other system, draw by draw.
        items: how many there are.
        confidence: the two-sided level.
    """
    if not ours[1] or not theirs[1]:
        return None
    draws = _answers(outlay_j, *our_draws, *their_draws)
    estimate = float(_answers(outlay_j, *(np.array([total]) for total in (*ours, *theirs)))[0])
    tail = (1 - confidence) / 2
    # Values that were drawn, never one between two of them: one of the two may be infinite.
    low = float(np.quantile(draws, tail, method="lower"))
    high = float(np.quantile(draws, 1 - tail, method="higher"))
    if items < 2:
        low, high = 0.0, math.inf
    return Payback(Interval(estimate, min(low, estimate), max(high, estimate)), float(np.isfinite(draws).mean()))


def _answers(
    outlay_j: float,
    our_j: NDArray[np.float64],
    our_correct: NDArray[np.float64],
    their_j: NDArray[np.float64],
    their_correct: NDArray[np.float64],
) -> NDArray[np.float64]:
    ours, theirs = ratios(our_j, our_correct), ratios(their_j, their_correct)
    # Where both are infinite neither answered correctly, and nothing was saved.
    saved = np.subtract(theirs, ours, out=np.full(len(ours), -np.inf), where=np.isfinite(ours))
    return ratios(np.full(len(ours), outlay_j), np.maximum(saved, 0.0))
