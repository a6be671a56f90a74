"""Compute after how many correct answers an outlay has been saved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.block_ratios import ratios
from wattbench_reports.stats.intervals import Interval
from wattbench_reports.stats.resampling.bootstrap import percentile_interval


@dataclass(frozen=True)
class Payback:
    """When an outlay has paid for itself."""

    answers: Interval
    """Correct answers. Infinite is never: so may be the upper bound alone, and the estimate."""
    probability: float
    """That it ever does, over other items of this kind."""


def paid_back(
    outlay_j: float,
    ours: tuple[float, float],
    theirs: tuple[float, float],
    our_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    their_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    items: int,
) -> Payback | None:
    """Return outlay / (their joules per correct answer - ours), bootstrapped over the same items for both.

    A resample in which ours are not fewer counts as infinite: there the outlay is never saved. The ratio's denominator
    may be zero or less, which a normal interval cannot say.

    Args:
        outlay_j: joules spent before the first answer.
        ours: (joules, correct answers), over all items.
        theirs: the same of the other system.
        our_draws: the same two over the drawn items, each of shape (resamples,).
        their_draws: the same of the other system, draw by draw.
        items: how many there are.

    Returns:
        None where one of the two answered nothing correctly: there is nothing to set against.
    """
    if not ours[1] or not theirs[1]:
        return None
    draws = _answers(outlay_j, *our_draws, *their_draws)
    estimate = float(_answers(outlay_j, *(np.array([total]) for total in (*ours, *theirs)))[0])
    interval = percentile_interval(estimate, draws, few=items < 2)
    return Payback(interval, float(np.isfinite(draws).mean()))


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
