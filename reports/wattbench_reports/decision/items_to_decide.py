"""How many further items would decide, if estimates stay as they are and errors shrink with the root of the items.

Source: as `wattbench_reports.stats.sample_size`: n' = n (z SE / distance)^2. In a run of blocks further items are
further blocks of the same size.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from wattbench_reports.decision.model import FAILS, MEETS

MOST = 10_000_000
"""More items than these are as good as never."""

ONE_SIDED = NormalDist().inv_cdf(MEETS)
"""How many standard errors from its bound a requirement is decided."""

assert math.isclose(FAILS, 1 - MEETS)  # one distance decides either way


def further_items(items: float, error: float, distance: float, score: float = ONE_SIDED) -> int | None:
    """Return how many further items would make a distance as many standard errors as decide.

    Args:
        items: that there are.
        error: the standard error now.
        distance: from what it is compared with.
        score: how many standard errors decide.

    Returns:
        At least 1; None where more than `MOST` would be needed.
    """
    if not (math.isfinite(error) and math.isfinite(distance)) or distance == 0:
        return None
    needed = items * (score * error / distance) ** 2 - items
    return None if not needed <= MOST else max(1, math.ceil(needed))


def of_a_pair(systems: int, alpha: float) -> float:
    """Return how many standard errors exclude one from a model confidence set of this size."""
    return NormalDist().inv_cdf(1 - alpha / max(2, systems * (systems - 1)))
