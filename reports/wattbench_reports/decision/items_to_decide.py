"""How many further items would decide, if estimates stay as they are and errors shrink with the root of the items.

n' = n (t SE / distance)^2, with t of the run's degrees of freedom: the items enlarge its blocks. With more blocks in
place of larger ones fewer items are enough. Of another run a part f of SE^2 is between sessions, which no items make
smaller: n' = n (1 - f) / ((distance / (t SE))^2 - f), and no number of items decides where the divisor is not above 0.

Source: as `wattbench_reports.stats.sample_size`.
"""

from __future__ import annotations

import math

from wattbench_reports.decision.model import FAILS, MEETS
from wattbench_reports.stats.student import MOST_DF

MOST = 10_000_000
"""More items than these are as good as never."""

assert math.isclose(FAILS, 1 - MEETS)  # one distance decides either way


def one_sided(df: float) -> float:
    """Return how many standard errors from its bound a requirement is decided."""
    return _quantile(MEETS, df)


def score_apart(distance: float, error: float, p_met: float, df: float) -> float:
    """Return how many standard errors the figure of an open requirement is from its bound.

    It is that of the estimate. Where the estimate alone would decide, and other systems of the run hold it back
    (`partial_pooling`), it is that of the probability.
    """
    alone = abs(distance) / error if error > 0 else math.inf
    return alone if alone < one_sided(df) else _quantile(p_met, df)


def further_items(items: float, error: float, distance: float, score: float, fixed: float = 0.0) -> int | None:
    """Return how many further items would make a distance as many standard errors as decide.

    Args:
        items: that there are.
        error: the standard error now.
        distance: from what it is compared with.
        score: how many standard errors decide: `one_sided` or `of_a_pair`.
        fixed: the share of the squared error that more items do not make smaller.

    Returns:
        At least 1; None where more than `MOST` would be needed.
    """
    if not (math.isfinite(error) and math.isfinite(distance)) or distance == 0:
        return None
    if fixed:
        room = (distance / (score * error)) ** 2 - fixed if error > 0 else math.inf
        needed = items * (1 - fixed) / room - items if room > 0 else math.inf
    else:
        needed = items * (score * error / distance) ** 2 - items
    return None if not needed <= MOST else max(1, math.ceil(needed))


def of_a_pair(systems: int, alpha: float, df: float) -> float:
    """Return how many standard errors exclude one of this many systems, as `eliminate` does."""
    return _quantile(1 - alpha / max(2, systems * (systems - 1)), df)


def _quantile(probability: float, df: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(min(df, MOST_DF), probability))
