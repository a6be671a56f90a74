"""Expect of each system a score that is linear in the words of the request: ridge regression of right and wrong.

On all words, which finds what single words say (how hard a request is), or on the few directions in which requests
differ the most, which finds topics by words that were rarely or never seen with an answer (latent semantic analysis:
S. Deerwester et al., Journal of the American Society for Information Science 41 (1990)). Directions are those of the
requests, held-out ones among them, and know no answers. Which it is, and how strongly it is shrunk, is chosen on the
items that a router is fitted to. Either way it is linear in hashed words, and stored as that.

Fitted in the dual, so that its size is that of the items, and all folds at once: with G = (I + K / s)^-1 of all items,
what regression without the items F expects of them is y_F - G_FF^-1 (G y)_F (S. An, W. Liu and S. Venkatesh, "Fast
cross-validation algorithms for least squares support vector machine and kernel ridge regression", Pattern Recognition
40 (2007)). Few directions are fitted from sums by fold. Ridge regression on 0 and 1: A. E. Hoerl and R. W. Kennard,
Technometrics 12 (1970); as good a classifier as logistic regression where probabilities are not near 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.model import ChoiceKind
from wattbench_reports.routing.predictors import Expected
from wattbench_reports.routing.text_features import TextFeatures
from wattbench_reports.stats.budgets import SEED

_CONSTANT = 1e3
"""The prior variance of the constant, in those of the features': as good as not shrunk."""


@dataclass(frozen=True)
class Shrinkage:
    """How a regression is kept from following every answer."""

    strength: float
    """Of shrinking, in mean squared lengths of a request's features around their mean."""
    rank: int = 0
    """How many directions count; 0: all words."""


STRENGTHS = (
    *(Shrinkage(each) for each in (2.0, 8.0, 32.0, 200.0)),
    *(Shrinkage(each, rank) for rank in (8, 20) for each in (8.0, 32.0, 128.0)),
)


class WordKernel:
    """Requests, prepared for regressions without any one or two folds."""

    def __init__(self, texts: Sequence[str], fold: NDArray[np.int64], features: TextFeatures) -> None:
        """Compare all requests with each other; time grows with the cube.

        Args:
            texts: of the items.
            fold: shape (items,).
            features: how texts are read.
        """
        self.fold = fold
        vectors = features.matrix(texts)
        products, _ = _products(vectors)
        with _one_thread():
            self._inverses = {each: _inverse(products / each.strength) for each in STRENGTHS if not each.rank}
            ranks = sorted({each.rank for each in STRENGTHS if each.rank})
            self._along = {rank: _along(vectors, _directions(vectors, rank)) for rank in ranks}

    def expected(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what regressions of scores expect.

        Args:
            score: shape (items, systems).

        Returns:
            Shape (strengths, folds, items, systems): without each fold, and of each item without its own.
        """
        with _one_thread():
            each = [self._along_directions(how, score) if how.rank else self._on_words(how, score) for how in STRENGTHS]
        return np.stack(each)

    def _on_words(self, how: Shrinkage, score: NDArray[np.float64]) -> NDArray[np.float64]:
        folds, inverse = int(self.fold.max()) + 1, self._inverses[how]
        members = [np.flatnonzero(self.fold == each) for each in range(folds)]
        out = np.empty((folds, *score.shape))
        residual = inverse @ score
        for one in range(folds):
            for other in range(one, folds):
                left = members[one] if one == other else np.concatenate([members[one], members[other]])
                fitted = score[left] - np.linalg.solve(inverse[np.ix_(left, left)], residual[left])
                out[other, members[one]] = fitted[: len(members[one])]
                out[one, members[other]] = fitted[-len(members[other]) :]
        return out

    def _along_directions(self, how: Shrinkage, score: NDArray[np.float64]) -> NDArray[np.float64]:
        folds, along = int(self.fold.max()) + 1, self._along[how.rank]
        members = [np.flatnonzero(self.fold == each) for each in range(folds)]
        squares = np.stack([along[each].T @ along[each] for each in members])
        crosses = np.stack([along[each].T @ score[each] for each in members])
        penalty = how.strength * _penalties(along)
        out = np.empty((folds, *score.shape))
        for one in range(folds):
            # Sums without this fold, and without each of all folds besides.
            again = np.arange(folds)[:, None, None] != one
            square = squares.sum(axis=0) - squares[one] - np.where(again, squares, 0.0)
            cross = crosses.sum(axis=0) - crosses[one] - np.where(again, crosses, 0.0)
            weights = np.linalg.solve(square + np.diag(penalty), cross)
            out[:, members[one]] = np.einsum("ir,frs->fis", along[members[one]], weights)
        return out


class ClassifierPredictor:
    """Regression on words."""

    kind: ChoiceKind = "classifier"

    def __init__(self, kernel: WordKernel, score: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        """Fit all regressions.

        Args:
            kernel: of the items.
            score: shape (items, systems).
            cost: the same shape.
        """
        self._fold, self._cost = kernel.fold, cost
        self._expected = kernel.expected(score)

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return what regressions without this and the item's own fold expect."""
        cell = np.arange(len(self._cost))
        cost = np.broadcast_to(self._cost[self._fold != fold].mean(axis=0), self._cost.shape)
        return tuple(Expected(cell, each[fold], cost) for each in self._expected)


@dataclass(frozen=True)
class LinearScores:
    """Expected scores as a linear function of features, to be stored."""

    features: TextFeatures
    coef: NDArray[np.float64]
    """Shape (systems, features)."""
    intercept: NDArray[np.float64]
    """Shape (systems,)."""

    def expected(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return expected scores, shape (texts, systems)."""
        return np.asarray(self.features.matrix(texts) @ self.coef.T + self.intercept)


def fit_linear(
    texts: Sequence[str], score: NDArray[np.float64], features: TextFeatures, how: Shrinkage
) -> LinearScores:
    """Fit the regression to all items, for use.

    Args:
        texts: of the items.
        score: shape (items, systems).
        features: how texts are read.
        how: one of `STRENGTHS`.
    """
    vectors = features.matrix(texts)
    with _one_thread():
        if how.rank:
            directions = _directions(vectors, how.rank)
            along = _along(vectors, directions)
            square = along.T @ along + np.diag(how.strength * _penalties(along))
            weights = np.linalg.solve(square, along.T @ score)
            return LinearScores(features, np.asarray((directions @ weights[:-1]).T), weights[-1])
        products, scale = _products(vectors)
        weights = _inverse(products / how.strength) @ score / how.strength
    return LinearScores(features, np.asarray((vectors.T @ weights / scale).T), _CONSTANT * weights.sum(axis=0))


def _products(vectors: Any) -> tuple[NDArray[np.float64], float]:
    """Return inner products of features in mean squared lengths around their mean, with a constant; and that length."""
    products = np.asarray((vectors @ vectors.T).toarray(), dtype=np.float64)
    scale = float(np.trace(products) / len(products) - products.mean())
    scale = scale if scale > 1e-9 else 1.0
    return products / scale + _CONSTANT, scale


def _directions(vectors: Any, rank: int) -> NDArray[np.float64]:
    """Return the directions in which requests differ the most, by words that are not in all of them, shape (features,
    directions)."""
    from scipy.sparse import diags
    from sklearn.utils.extmath import randomized_svd

    within = np.bincount(vectors.indices, minlength=vectors.shape[1])
    rarity = np.log(vectors.shape[0] / np.maximum(within, 1))
    rank = max(min(rank, min(vectors.shape) - 1), 1)
    _, _, across = randomized_svd(vectors @ diags(rarity), rank, random_state=SEED)
    return np.asarray(rarity[:, None] * across.T)


def _along(vectors: Any, directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each request lies along each direction, and a constant, shape (items, directions + 1)."""
    return np.column_stack([vectors @ directions, np.ones(vectors.shape[0])])


def _penalties(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a squared weight costs, shape (directions + 1,): the mean squared length; of the constant nothing."""
    of_each = np.full(along.shape[1], max(float(along.var(axis=0).sum()), 1e-9))
    of_each[-1] = 0.0
    return of_each


def _inverse(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (I + products)^-1."""
    from scipy.linalg import cho_factor, cho_solve

    eye = np.eye(len(products))
    return np.asarray(cho_solve(cho_factor(eye + products, overwrite_a=True, check_finite=False), eye))


def _one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread: on a busy machine the threads of many small problems wait for each other, and
    take ten times as long."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
