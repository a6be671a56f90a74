"""Deal items into folds, so that a router is judged only on items that it was not fitted to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import SEED

FOLDS = 10
"""A router is fitted to nine tenths of the items, and its settings are chosen among those."""


def deal_folds(
    domain: NDArray[np.int64], alike: NDArray[np.int64] | None = None, seed: int = SEED, folds: int = FOLDS
) -> NDArray[np.int64]:
    """Deal items into folds at random, each with its part of every domain.

    Items that read alike stay together, as a router would otherwise be judged on what it was fitted to. Strata: R.
    Kohavi, "A study of cross-validation and bootstrap for accuracy estimation and model selection", IJCAI (1995).

    Args:
        domain: shape (items,): of each.
        alike: shape (items,): a number that is the same for items that read alike; None: no two do.
        seed: of the deal.
        folds: how many.

    Returns:
        Shape (items,): the fold of each, from 0; fewer folds where there are fewer different items.
    """
    items = len(domain)
    group = np.arange(items) if alike is None else alike
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    shuffled = np.random.default_rng(seed).permutation(len(first))
    order = shuffled[np.argsort(domain[first][shuffled], kind="stable")]
    fold = np.empty(len(first), dtype=np.int64)
    fold[order] = np.arange(len(first)) % max(min(folds, len(first)), 1)
    return np.asarray(fold[group])
