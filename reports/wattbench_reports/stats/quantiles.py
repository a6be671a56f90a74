"""What a quantile is, everywhere: the least value within which at least that share of the values lie.

It is the inverse of the empirical distribution function, type 1 of R. J. Hyndman and Y. Fan, "Sample quantiles in
statistical packages", The American Statistician 50 (1996): a latency that occurred, of which the sentence "95% of the
requests were answered within it" is true. Types that interpolate between two requests (NumPy's default is type 7)
differ by up to a step of the sample, so that a run printed by two of them has two p95s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-9
"""Of a share: 0.07 of 100 values are 7, though 0.07 * 100 is above 7 in a computer."""


def rank(share: float, number: int) -> int:
    """Return the position of a quantile among values in rising order, from 0.

    Args:
        share: of the values that lie at or below it, 0 to 1.
        number: of values, 1 or more.
    """
    return min(max(math.ceil((share - ROUNDING) * number) - 1, 0), number - 1)


def quantile(values: NDArray[np.float64], share: float) -> float:
    """Return the least of the values that at least a share of them do not exceed.

    Args:
        values: shape (values,), one or more, in any order, none NaN.
        share: 0 to 1.
    """
    return quantiles(values, [share])[0]


def quantiles(values: NDArray[np.float64], shares: Sequence[float]) -> list[float]:
    """Return several quantiles, each as `quantile`; the values are put in order once."""
    ranks = [rank(share, len(values)) for share in shares]
    return np.partition(values, sorted(set(ranks)))[ranks].tolist() if ranks else []


@dataclass(frozen=True)
class Weighted:
    """Values with their weights, as `quantile` needs them."""

    values: NDArray[np.float64]
    """Shape (values,), rising."""
    reached: NDArray[np.float64]
    """Shape (values,): the weight of all up to each of them."""

    @classmethod
    def of(cls, values: NDArray[np.float64], weights: NDArray[np.float64]) -> Weighted:
        """Put values in order.

        Args:
            values: shape (values,), none NaN.
            weights: shape (values,): what each counts for, not negative.
        """
        order = np.argsort(values, kind="stable")
        return cls(values[order], np.cumsum(weights[order]))

    def quantile(self, share: float) -> float | None:
        """Return the least value at or below which at least a share of the weight lies; None without any."""
        if not len(self.values) or not self.reached[-1] > 0:
            return None
        index = int(np.searchsorted(self.reached, (share - ROUNDING) * self.reached[-1]))
        return float(self.values[min(index, len(self.values) - 1)])
