"""One-sided bounds of a share, written from their definitions: what decisions are held against. No product code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, t


@dataclass(frozen=True)
class Bounds:
    """Two one-sided bounds, each wrong with the same risk."""

    low: float
    high: float


def clopper_pearson(right: int, items: int, risk: float) -> Bounds:
    """Return exact bounds: no share below `low` (above `high`) gives so many (so few) right answers more often than
    the risk.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
    """
    low = float(beta.ppf(risk, right, items - right + 1)) if right else 0.0
    high = float(beta.ppf(1 - risk, right + 1, items - right)) if right < items else 1.0
    return Bounds(low, high)


def wilson(share: float, items: float, quantile: float) -> Bounds:
    """Return score bounds of a share of a number of items that need not be whole.

    Source: E. B. Wilson, JASA 22 (1927).
    """
    centre, room = share + quantile**2 / (2 * items), share * (1 - share) / items + (quantile / (2 * items)) ** 2
    both = np.array([-1.0, 1.0]) * quantile * room**0.5
    low, high = (centre + both) / (1 + quantile**2 / items)
    return Bounds(float(low), float(high))


def wilson_by_blocks(right: NDArray[np.float64], items: NDArray[np.float64], risk: float) -> Bounds:
    """Return score bounds where answers of a block may be alike: n divided by the design effect, at least 1, and
    Student's quantile with blocks - 1 degrees of freedom.

    Args:
        right: shape (blocks,).
        items: shape (blocks,).
        risk: of each bound.

    Source: L. Kish, "Survey Sampling" (1965); E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998).
    """
    blocks, number = len(items), float(items.sum())
    share = float(right.sum()) / number
    variance = blocks / (blocks - 1) * float(((right - share * items) ** 2).sum()) / number**2
    simple = share * (1 - share) / number
    effect = max(1.0, variance / simple) if simple > 0 else 1.0
    return wilson(share, number / effect, float(t.ppf(1 - risk, blocks - 1)))
