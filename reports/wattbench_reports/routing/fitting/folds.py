"""Deal items into folds, so that a router is judged only on items that it was not fitted to; widen what that yields.

Each fold is judged by a router fitted to the others, so that folds share what they are fitted to, and their gains are
correlated. Where nothing is to be learned this is what makes a router seem good: if luck favours a choice, all folds
make it and all gain from it. The variance of a mean over k folds is therefore taken as

    (1/k + n_judged / n_fitted) s^2 = (1 + k / (k - 1)) s^2 / k

in place of s^2 / k, with s^2 / k from the items. On shuffled answers a router by domain without a preferred system has
such a spread (docs/why/routers.md); one that keeps to the best system unless another is clearly better has less.

Sources: C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003); of folds,
R. R. Bouckaert and E. Frank, "Evaluating the replicability of significance tests for comparing learning algorithms",
PAKDD (2004). That no estimate of it is without bias: Y. Bengio and Y. Grandvalet, JMLR 5 (2004).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.model import RoutingChoice
from wattbench_reports.stats import Interval
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


def of_folds(choice: RoutingChoice, folds: int) -> RoutingChoice:
    """Return a choice with the bounds of its gains, and the parts of its clusters, widened for judging in folds.

    Args:
        choice: judged on all folds, each by a router fitted to the others.
        folds: how many.
    """
    by = factor_of(folds)
    return replace(
        choice,
        accuracy_gain=widened(choice.accuracy_gain, folds),
        cost_gain=widened(choice.cost_gain, folds),
        amount_gains={name: widened(gain, folds) for name, gain in choice.amount_gains.items()},
        above_mix=None if choice.above_mix is None else widened(choice.above_mix, folds),
        gain=widened(choice.gain, folds),
        gain_parts=None if choice.gain_parts is None else choice.gain_parts.times(by),
    )


def widened(interval: Interval, folds: int) -> Interval:
    """Return the interval of a mean over folds, widened."""
    by, estimate = factor_of(folds), interval.estimate
    return replace(
        interval, low=estimate - by * (estimate - interval.low), high=estimate + by * (interval.high - estimate)
    )


def factor_of(folds: int) -> float:
    """Return the factor by which folds widen standard errors; 1 without several folds."""
    return math.sqrt(1 + folds / (folds - 1)) if folds > 1 else 1.0
