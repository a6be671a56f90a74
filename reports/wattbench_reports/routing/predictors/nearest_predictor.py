"""Predict each system's score by its mean on the most similar requests.

RouterBench's simplest router that learns (arXiv 2403.12031), here with TF-IDF of hashed words for an embedding, so that
no model is needed: a lower bound on what a router can learn from the requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from wattbench.text_classifier import TextFeatures, by_rarity
from wattbench_reports.routing.predictors.predictor import Expected
from wattbench_reports.routing.predictors.similar_texts import counted, of_unit_length

NEAREST = (10, 20, 40, 80)
"""How many items vote: chosen on the items that a router is fitted to."""


class Neighbourhood:
    """The items whose requests are the most similar to each, of other folds than its own."""

    def __init__(self, texts: Sequence[str], fold: NDArray[np.int64], features: TextFeatures) -> None:
        """Compare all requests with each other; time and memory grow with the square of their number.

        Args:
            texts: of the items.
            fold: shape (items,).
            features: how texts are read.
        """
        self.fold = fold
        vectors = of_unit_length(by_rarity(counted(texts, features))[0])
        likeness = np.asarray((vectors @ vectors.T).toarray(), dtype=np.float32)
        likeness[fold[:, None] == fold] = -np.inf
        # A tenth of the folds is held out of these on top: some more are kept.
        kept = min(2 * max(NEAREST), len(texts))
        near = np.argpartition(-likeness, kept - 1, axis=1)[:, :kept]
        by_likeness = np.argsort(-np.take_along_axis(likeness, near, axis=1), axis=1, kind="stable")
        self._near = np.take_along_axis(near, by_likeness, axis=1)

    def voters(self, fold: int, count: int) -> Any:
        """Return a sparse matrix of shape (items, items): each row sums to 1 over the nearest that are in neither
        fold."""
        open_to = (self.fold[self._near] != fold) & (self.fold[self._near] != self.fold[:, None])
        votes = open_to & (np.cumsum(open_to, axis=1) <= count)
        each = votes.sum(axis=1)
        weights = np.repeat(1.0 / np.maximum(each, 1), each)
        ends = np.concatenate([[0], np.cumsum(each)])
        return csr_matrix((weights, self._near[votes], ends), shape=(len(self.fold), len(self.fold)))


class NearestPredictor:
    """Means over neighbours."""

    def __init__(self, near: Neighbourhood, score: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        """Take the answers of the items.

        Args:
            near: of the items.
            score: shape (items, systems).
            cost: the same shape.
        """
        self._near, self._score, self._cost = near, score, cost

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return means over the neighbours in all folds but this one and the item's own."""
        cell = np.arange(len(self._score))
        means = self._cost[self._near.fold != fold].mean(axis=0)
        cost = np.broadcast_to(means, self._cost.shape)
        return tuple(
            Expected(cell, np.asarray(self._near.voters(fold, count) @ self._score), cost) for count in NEAREST
        )
