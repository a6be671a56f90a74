"""Deal the items of a run into pools: random sets of nearly the same size, each of one stratum.

Sums over the items of a pool are exact, so every estimate from sums is, too. Spread is taken between pools in place of
items: between random pools of k items the variance is a k-th of that between items, whichever way an item is paired
between systems, and from n pools a standard error is known to 1 / sqrt(2n). The sign-flip test of accuracies flips a
pool. A stratum is what a figure is over, so that its pools mix all that the figure mixes: the items of a domain, of a
task, or of the run; of one block where there are blocks.

Source: "random groups", K. M. Wolter, "Introduction to Variance Estimation", 2nd ed. (2007), chapter 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ItemPools:
    """Which pool each item is in."""

    pool: NDArray[np.int32]
    """Shape (items,)."""
    sizes: NDArray[np.int64]
    """Shape (pools,): how many items each has."""
    stratum: NDArray[np.int32]
    """Shape (pools,): whose items it has."""


def item_pools(stratum: NDArray[np.integer[Any]], pools: int) -> ItemPools:
    """Deal items into pools, stratum by stratum, in their order.

    Args:
        stratum: shape (items,): 0 to the number of strata - 1, of items in a random order.
        pools: how many to make, about: a stratum with items has one at least.
    """
    order = np.argsort(stratum, kind="stable").astype(np.int32)
    per_pool = -(-len(stratum) // pools)
    pool = np.empty(len(stratum), np.int32)
    sizes, of_stratum = [], []
    start = made = 0
    for number, count in enumerate(np.bincount(stratum).tolist()):
        number_of_pools = -(-count // per_pool)
        position = np.arange(count) * number_of_pools // max(count, 1)
        pool[order[start : start + count]] = made + position
        sizes.append(np.bincount(position, minlength=number_of_pools))
        of_stratum.append(np.full(number_of_pools, number, dtype=np.int32))
        start, made = start + count, made + number_of_pools
    return ItemPools(pool, np.concatenate(sizes).astype(np.int64), np.concatenate(of_stratum))


def sampled_items(stratum: NDArray[np.integer[Any]], share: float) -> NDArray[np.bool_]:
    """Return which items are in a random sample, shape (items,): the last ones of each stratum, one at least.

    Args:
        stratum: as in `item_pools`.
        share: of the items of each stratum.
    """
    order = np.argsort(stratum, kind="stable")
    sampled = np.zeros(len(stratum), np.bool_)
    ends = np.cumsum(np.bincount(stratum))
    for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        sampled[order[end - max(min(end - start, 1), round(share * (end - start))) : end]] = True
    return sampled
