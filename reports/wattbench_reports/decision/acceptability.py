"""Say which system is best as a correct answer is worth more: the cost-effectiveness acceptability curve.

At a worth w of a correct answer the net benefit of a draw is w x accuracy - cost, and a system's probability is the
share of draws in which its net benefit is the largest; of equals the first. The leaders go by the estimates: the
cheapest system from 0 on, then at each price along the hull (`prices`) the next corner. A probability curve and its
leader may differ: the mean decides what to run, the curve how sure that is (Fenwick and others 2001).

Sources: B. A. van Hout, M. J. Al, G. S. Gordon and F. F. H. Rutten, "Costs, effects and C/E-ratios alongside a clinical
trial", Health Economics 3 (1994); E. Fenwick, K. Claxton and M. Sculpher, "Representing uncertainty: the role of
cost-effectiveness acceptability curves", Health Economics 10 (2001).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import Acceptability, Leader

POINTS = 41
"""Worths of the curve in addition to 0."""
REACH = 10.0
"""The curve goes from a tenth of the least price to ten times the highest."""


def acceptability(
    systems: Sequence[str],
    cost: NDArray[np.float64],
    accuracy: NDArray[np.float64],
    among: Sequence[int],
    chain: Sequence[int],
    prices: Sequence[float],
    scale: float,
) -> Acceptability:
    """Compute the curve.

    Args:
        systems: all names.
        cost: draws, shape (draws, systems).
        accuracy: draws, the same shape.
        among: the systems that may be run, at least one.
        chain: the corners of their hull, by rising cost.
        prices: of a further correct answer from each corner to the next.
        scale: a worth to draw the curve around where there is no price above 0.
    """
    known = [price for price in prices if price > 0] or [scale]
    worths = worths_around(min(known), max(known))
    counts = np.zeros((len(worths), len(among)))
    costs, accuracies = cost[:, list(among)], accuracy[:, list(among)]
    for number, worth in enumerate(worths):
        best = (worth * accuracies - costs).argmax(axis=1)
        counts[number] = np.bincount(best, minlength=len(among))
    shares = counts / len(costs)
    leaders = [Leader(0.0, systems[chain[0]])]
    leaders += [Leader(max(price, 0.0), systems[each]) for price, each in zip(prices, chain[1:], strict=True)]
    return Acceptability(
        tuple(worths),
        {systems[each]: tuple(shares[:, column].tolist()) for column, each in enumerate(among)},
        tuple(leaders),
    )


def worths_around(least: float, most: float) -> list[float]:
    """Return 0 and worths that rise by equal factors, of three digits each, from below the least price to above the
    highest."""
    low, high = least / REACH, most * REACH
    rising = low * (high / low) ** (np.arange(POINTS) / (POINTS - 1))
    return [0.0, *(float(f"{worth:.3g}") for worth in rising)]
