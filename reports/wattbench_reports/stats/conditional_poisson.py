"""Model random sets of a fixed size in which each member has a given chance: how often two occur together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TOLERANCE = 1e-10
_ROUNDS = 50
_SHORTEST = 1e-6


def together_by_chance(chances: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the chance that each two members are both in a set, if membership is independent.

    A set of `size` different members cannot be drawn independently: who is in leaves fewer places for the others. So
    the draw is the one that assumes least beside the chances, that of largest entropy: a set's probability is
    proportional to the product of its members' weights (conditional Poisson sampling).

    Args:
        chances: shape (members,): of each to be in the set, 0 to 1; they sum to `size`.
        size: of the set.

    Returns:
        Shape (members, members), symmetric; 0 on the diagonal.

    Source: S. X. Chen, A. P. Dempster, J. S. Liu, "Weighted finite population sampling to maximize entropy",
    Biometrika 81 (1994), 457-469: that weights are determined by chances, and the recursion for the sums over sets.
    """
    both = np.zeros((len(chances), len(chances)))
    sure = chances >= 1.0 - _TOLERANCE
    open_ = ~sure & (chances > _TOLERANCE)
    # Who is in for certain takes a place, and is together with each other as often as that one is in.
    both[np.ix_(sure, sure)] = 1.0
    both[np.ix_(sure, open_)] = chances[open_]
    both[np.ix_(open_, sure)] = chances[open_][:, None]
    left = size - int(sure.sum())
    if left >= 2 and open_.any():
        both[np.ix_(open_, open_)] = _pairs(chances[open_], left)
    np.fill_diagonal(both, 0.0)
    return both


def _pairs(chances: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the chance that each two members are both in a set, from log weights fitted by Newton's method.

    The weights maximise a concave likelihood with covariances as second derivatives.
    """
    logs = np.log(chances / (1.0 - chances))
    single, both = _drawn(logs, size)
    for _ in range(_ROUNDS):
        off = chances - single
        if float(np.abs(off).max()) < _TOLERANCE:
            break
        covariance = both + np.diag(single) - np.outer(single, single)
        step = np.linalg.lstsq(covariance, off, rcond=None)[0]
        length = 1.0
        while True:  # shorter, until it leads nearer
            tried = logs + length * step
            chances_now = _drawn(tried - tried.mean(), size)  # only the weights' proportions matter
            if float(np.abs(chances - chances_now[0]).max()) < float(np.abs(off).max()) or length < _SHORTEST:
                break
            length /= 2.0
        logs, (single, both) = tried - tried.mean(), chances_now
    return both


def _drawn(logs: NDArray[np.float64], size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the chance of each member, and of each pair, under some log weights."""
    weights = np.exp(logs)
    members = len(weights)
    total = _sums(weights, size)[size]
    single = weights * _without_each(weights, size)[:, size - 1] / total
    both = np.zeros((members, members))
    for member in range(members):
        both[member, np.arange(members) != member] = _without_each(np.delete(weights, member), size)[:, size - 2]
    return np.asarray(single), np.asarray(both * np.outer(weights, weights) / total)


def _sums(weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return elementary symmetric sums: over all sets of 0, 1, ... `size` members, the product of their weights."""
    sums = np.zeros(size + 1)
    sums[0] = 1.0
    for weight in weights:
        sums[1:] += weight * sums[:-1]
    return sums


def _without_each(weights: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the elementary symmetric sums with each member left out in turn: shape (members, size + 1)."""
    members = len(weights)
    sums = np.zeros((members, size + 1))
    sums[:, 0] = 1.0
    for member, weight in enumerate(weights):
        others = np.arange(members) != member
        sums[others, 1:] += weight * sums[others, :-1]
    return sums
