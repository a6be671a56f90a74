"""Adjust p-values for many comparisons in one report, and compute a bootstrap's p-value."""

from __future__ import annotations

import math
from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust by Holm's method: among comparisons with adjusted p <= 0.05 there is any error in at most 5% of reports.

    It asks nothing of how the comparisons hang together, and never shows less than Bonferroni's.

    Args:
        p_values: of every comparison of the family, in any order. None or NaN: it could not be made, and so is no
            member of the family; the others are not made to pay for it.

    Returns:
        Adjusted p-values in the order given, 0 to 1; None where there was none.

    Raises:
        ValueError: a p-value outside 0..1.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian J. of Statistics 6 (1979).
    """
    made = [(index, p) for index, p in enumerate(p_values) if p is not None and not math.isnan(p)]
    adjusted: list[float | None] = [None] * len(p_values)
    if not made:
        return adjusted
    for _, p in made:
        if not 0 <= p <= 1:
            raise ValueError(f"{p} is not a p-value")
    # Not statsmodels' multipletests, though the same: it collects all garbage each time, which in a process that holds
    # a million answers takes longer than the comparison itself.
    highest = 0.0
    for rank, (index, p) in enumerate(sorted(made, key=lambda pair: pair[1])):
        highest = max(highest, p * (len(made) - rank))
        adjusted[index] = min(1.0, highest)
    return adjusted


def bootstrap_p_value(share_below: float, resamples: int) -> float:
    """Return the two-sided p-value of a bootstrap: twice the share of draws on the rarer side of no difference.

    The observed sample counts as one more draw on that side, so p is never 0: 2 / (resamples + 1) is the least. Mind
    that with Holm: of a family of m comparisons none can fall below 0.05 unless resamples > 40 m.

    Args:
        share_below: in what share of the draws the first was below the second, ties counting half, 0 to 1.
        resamples: how many draws there were.

    Returns:
        Above 0 and up to 1.

    Raises:
        ValueError: no draws, or a share outside 0..1.

    Source: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application" (1997), ch. 4; the added draw:
    B. Phipson and G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010).
    """
    if resamples < 1 or not 0 <= share_below <= 1:
        raise ValueError(f"a share of {share_below} in {resamples} draws is not a share")
    rarer = min(share_below, 1 - share_below) * resamples
    return min(1.0, 2 * (rarer + 1) / (resamples + 1))
