"""Take the differences between strata off bounded figures, without changing what is claimed of their mean.

Where two systems are better at different tasks, most of what makes the figures scatter is which task comes next. How
many items of each there are is known before anything is asked, so that this part says nothing about the mean over all:
each figure is lowered by what its stratum's figures so far were, and raised by the mean of that over all strata, in
their known shares. In a random order the two are equal on average (a control variate with a known mean; the
stratified estimate of W. G. Cochran, "Sampling Techniques", 1977, chapter 5A).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_PRIOR_ITEMS = 20.0
"""The weight of the initial guess that a stratum's mean is 0, in items of it: few say little about it."""


@dataclass(frozen=True)
class Strata:
    """To which stratum each figure belongs."""

    of_figure: NDArray[np.int64]
    """Shape (n,): its position in `shares`."""
    shares: Values
    """Shape (strata,), sum 1: of all figures that could come, in the random order from which these are."""


@dataclass(frozen=True)
class Bounded:
    """Figures with bounds that were known before each of them came."""

    x: Values
    """Shape (..., n)."""
    low: Values
    """Shape (..., n + 1): no figure is below, and the next one will not be."""
    high: Values
    """Shape (..., n + 1)."""


def as_bounded(x: Values) -> Bounded:
    """Return figures between -1 and 1 as they are.

    Raises:
        ValueError: some are not.
    """
    if x.size and (not np.isfinite(x).all() or np.abs(x).max() > 1):
        raise ValueError("the figures are not between -1 and 1")
    one = np.ones((*x.shape[:-1], x.shape[-1] + 1))
    return Bounded(x, -one, one)


def levelled(x: Values, strata: Strata) -> Bounded:
    """Take the differences between strata off the figures.

    Args:
        x: shape (..., n), each -1 to 1, in the order in which they came.
        strata: of them.

    Returns:
        Figures whose mean, given all that came before, is as that of `x` over all strata in their shares.

    Raises:
        ValueError: figures out of range, or strata that are not theirs.
    """
    plain = as_bounded(x)
    if strata.of_figure.shape != x.shape[-1:] or not np.isclose(strata.shares.sum(), 1.0):
        raise ValueError("each figure needs a stratum, and their shares add up to 1")
    of_its_stratum = np.zeros_like(plain.x)
    mean, least, most = np.zeros_like(plain.low), np.full_like(plain.low, np.inf), np.full_like(plain.low, -np.inf)
    for number, share in enumerate(strata.shares.tolist()):
        inside = strata.of_figure == number
        before = _sums_before(np.where(inside, x, 0.0)) / (_PRIOR_ITEMS + _sums_before(inside.astype(np.float64)))
        of_its_stratum = np.where(inside, before[..., :-1], of_its_stratum)
        mean += share * before
        least, most = np.minimum(least, before), np.maximum(most, before)
    return Bounded(x - of_its_stratum + mean[..., :-1], plain.low - most + mean, plain.high - least + mean)


def _sums_before(values: Values) -> Values:
    """Shape (..., n + 1): the sum of what comes before each, and of all."""
    return np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
