"""Expect of each system a score that is linear in the words of the request: ridge regression of right and wrong.

Fitted in the dual, so that its size is that of the items, and all folds at once: with G = (I + K / s)^-1 of all items,
what regression without the items F expects of them is y_F - G_FF^-1 (G y)_F (S. An, W. Liu and S. Venkatesh, "Fast
cross-validation algorithms for least squares support vector machine and kernel ridge regression", Pattern Recognition
40 (2007)). Ridge regression on 0 and 1: A. E. Hoerl and R. W. Kennard, Technometrics 12 (1970); as good a classifier as
logistic regression where probabilities are not near 0 and 1, and its strength is chosen from one inverse each.
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

STRENGTHS = (2.0, 8.0, 32.0, 200.0)
"""Of shrinking, in mean squared lengths of a request's features around their mean."""
_CONSTANT = 1e3
"""The prior variance of the constant, in those of the features': as good as not shrunk."""


class WordKernel:
    """The likeness of requests, prepared for regressions without any one or two folds."""

    def __init__(self, texts: Sequence[str], fold: NDArray[np.int64], features: TextFeatures) -> None:
        """Compare all requests with each other; time grows with the cube.

        Args:
            texts: of the items.
            fold: shape (items,).
            features: how texts are read.
        """
        self.fold = fold
        products, _ = _products(texts, features)
        with _one_thread():
            self._inverses = [_inverse(products / strength) for strength in STRENGTHS]

    def expected(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what regressions of scores expect.

        Args:
            score: shape (items, systems).

        Returns:
            Shape (strengths, folds, items, systems): without each fold, and of each item without its own.
        """
        with _one_thread():
            return self._without_folds(score)

    def _without_folds(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        folds = int(self.fold.max()) + 1
        members = [np.flatnonzero(self.fold == each) for each in range(folds)]
        out = np.empty((len(STRENGTHS), folds, *score.shape))
        for strength, inverse in enumerate(self._inverses):
            residual = inverse @ score
            for one in range(folds):
                for other in range(one, folds):
                    left = members[one] if one == other else np.concatenate([members[one], members[other]])
                    fitted = score[left] - np.linalg.solve(inverse[np.ix_(left, left)], residual[left])
                    out[strength, other, members[one]] = fitted[: len(members[one])]
                    out[strength, one, members[other]] = fitted[-len(members[other]) :]
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
    texts: Sequence[str], score: NDArray[np.float64], features: TextFeatures, strength: float
) -> LinearScores:
    """Fit the regression to all items, for use.

    Args:
        texts: of the items.
        score: shape (items, systems).
        features: how texts are read.
        strength: one of `STRENGTHS`.
    """
    products, scale = _products(texts, features)
    weights = _inverse(products / strength) @ score / strength
    coef = features.matrix(texts).T @ weights / scale
    return LinearScores(features, np.asarray(coef.T), _CONSTANT * weights.sum(axis=0))


def _products(texts: Sequence[str], features: TextFeatures) -> tuple[NDArray[np.float64], float]:
    """Return inner products of features in mean squared lengths around their mean, with a constant; and that length."""
    vectors = features.matrix(texts)
    products = np.asarray((vectors @ vectors.T).toarray(), dtype=np.float64)
    scale = float(np.trace(products) / len(products) - products.mean())
    scale = scale if scale > 1e-9 else 1.0
    return products / scale + _CONSTANT, scale


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
