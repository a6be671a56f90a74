"""Test whether the choices made for an item depend on its label: mutual information and a permutation test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from wattbench_reports.stats.budgets import DEFAULT_SEED, PERMUTATIONS

_TOGETHER = 250_000
"""Numbers of the arrays in which orders are computed together: 2 MB."""


@dataclass(frozen=True)
class Dependence:
    """How strongly the choices depend on the labels."""

    bits: tuple[float, ...]
    """Mutual information of label and choice, one figure per place at which choices are made (a layer, say)."""
    by_chance_bits: float
    """The mean over all places when the labels are dealt at random: an estimate from few items is never 0."""
    p_value: float
    permutations: int
    seed: int

    @property
    def mean_bits(self) -> float:
        """Return the statistic of the test: the mean over all places."""
        return sum(self.bits) / len(self.bits)


def entropy_bits(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Shannon entropy over the last axis, in bits; 0 log 0 is 0."""
    return np.asarray(entr(shares).sum(axis=-1) / math.log(2))


def dependence(
    choices: NDArray[np.float64],
    labels: NDArray[np.int64],
    *,
    permutations: int = PERMUTATIONS,
    seed: int = DEFAULT_SEED,
) -> Dependence:
    """Return the mutual information of an item's label and the choices made for it, tested by permuting labels.

    Items are what is shuffled, since the choices within one are not independent of each other. Each item counts the
    same, however many choices were made for it.

    Args:
        choices: shape (items, places, options), not negative: how often each option was chosen for the item. An item
            must have some choice at every place.
        labels: shape (items,): 0 to the number of labels - 1, each of them present.
        permutations: how many times the labels are shuffled.
        seed: of the shuffling.

    Source: P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses" (2005), ch. 3; the observed order
    counts as one, so that p is never 0: B. Phipson and G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010).
    """
    items, places, options = choices.shape
    shares = (choices / choices.sum(axis=2, keepdims=True)).reshape(items, places * options)
    weights = np.bincount(labels) / items
    total = entropy_bits(shares.mean(axis=0).reshape(places, options))

    def information(orders: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the information of some orders of the labels at every place, shape (orders, places)."""
        member = (orders[:, None, :] == np.arange(len(weights))[:, None]).astype(np.float64)
        means = (member @ shares) / (weights[:, None] * items)
        inside = entropy_bits(means.reshape(len(orders), len(weights), places, options))
        return np.asarray(np.maximum(total - np.einsum("l,olp->op", weights, inside), 0.0))

    (observed,) = information(labels[None])
    rng = np.random.default_rng(seed)
    together = max(1, _TOGETHER // (len(weights) * (items + places * options)))
    sizes = [min(together, permutations - start) for start in range(0, permutations, together)]
    shuffled = np.concatenate([
        information(np.array([rng.permutation(labels) for _ in range(size)])).mean(axis=1) for size in sizes
    ])  # fmt: skip
    # Rounding must not make the observed order differ from itself.
    at_least = int((shuffled >= observed.mean() - 1e-12).sum())
    return Dependence(
        bits=tuple(float(value) for value in observed),
        by_chance_bits=float(shuffled.mean()),
        p_value=(1 + at_least) / (1 + permutations),
        permutations=permutations,
        seed=seed,
    )
