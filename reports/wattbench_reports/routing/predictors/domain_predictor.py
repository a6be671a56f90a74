"""Predict each system's score by its mean in the request's domain, shrunk towards its mean over all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.predictors.predictor import Expected

STRENGTHS = (1.0, 5.0, 20.0, 80.0, 320.0)
"""How many items of the mean over all each domain's own are joined by: few items of a domain say little about it.
B. Efron and C. Morris, "Data analysis using Stein's estimator", JASA 70 (1975)."""


class DomainPredictor:
    """Means by domain."""

    def __init__(
        self,
        domain: NDArray[np.int64],
        fold: NDArray[np.int64],
        score: NDArray[np.float64],
        cost: NDArray[np.float64],
    ) -> None:
        """Sum scores and costs by domain and fold.

        Args:
            domain: shape (items,).
            fold: shape (items,).
            score: shape (items, systems).
            cost: the same shape.
        """
        domains, self._folds = int(domain.max()) + 1, int(fold.max()) + 1
        self._cell = domain * self._folds + fold
        shape = (domains, self._folds)
        self._items = np.bincount(self._cell, minlength=domains * self._folds).astype(np.float64).reshape(*shape, 1)
        self._score = self._sums(score).reshape(*shape, -1)
        self._cost = self._sums(cost).reshape(*shape, -1)

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        cells = self._items.size
        return np.stack([np.bincount(self._cell, weights=each, minlength=cells) for each in values.T], axis=1)

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return expectations by domain, from all folds but this one and the item's own."""
        items = self._left(self._items, fold)
        score, cost = self._left(self._score, fold), self._left(self._cost, fold)
        return tuple(
            Expected(self._cell, _shrunk(score, items, strength), _shrunk(cost, items, strength))
            for strength in STRENGTHS
        )

    def _left(self, sums: NDArray[np.float64], fold: int) -> NDArray[np.float64]:
        """Return sums of shape (domains, folds, columns) over all folds but one and the own one."""
        left = sums.sum(axis=1, keepdims=True) - sums[:, [fold]] - sums
        left[:, fold] += sums[:, fold]
        return np.asarray(left)


def _shrunk(sums: NDArray[np.float64], items: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    over_all = sums.sum(axis=0) / np.maximum(items.sum(axis=0), 1.0)
    means = (sums + strength * over_all) / (items + strength)
    return np.asarray(means.reshape(-1, sums.shape[-1]))
