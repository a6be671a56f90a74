"""Predict each system's score by the words of the request: the text classifier that a router stores.

Fitted in the dual, so that its size is that of the items, and all folds at once: with G = (I + K / s)^-1 of all items,
what regression without the items F expects of them is y_F - G_FF^-1 (G y)_F (S. An, W. Liu and S. Venkatesh, "Fast
cross-validation algorithms for least squares support vector machine and kernel ridge regression", Pattern Recognition
40 (2007)). How strongly it is shrunk is chosen on the items that a router is fitted to.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotrf, dpotri

from wattbench.text_classifier import CONSTANT, STRENGTHS, TextFeatures, by_rarity, one_thread, products
from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.predictors.predictor import Expected


class WordKernel:
    """Requests prepared for regressions that leave out one or two folds."""

    def __init__(self, texts: Sequence[str], fold: NDArray[np.int64], features: TextFeatures) -> None:
        """Compare all requests with each other; time grows with the cube of their number.

        Args:
            texts: of the items.
            fold: shape (items,).
            features: how texts are read.
        """
        self.fold = fold
        # Inverses are in the order of folds, so that what is between two folds is a block.
        self._order = np.argsort(fold, kind="stable")
        ends = np.cumsum(np.bincount(fold)).tolist()
        self._folds = [slice(*each) for each in itertools.pairwise([0, *ends])]
        vectors, _ = by_rarity(features.matrix(texts)[self._order])
        compared = products(vectors)
        with one_thread():
            self._inverses = [_inverse(compared / strength + CONSTANT) for strength in STRENGTHS]

    def expected(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what regressions of scores expect. Time hardly grows with the columns: several scores go together.

        Args:
            score: shape (items, columns): of each system.

        Returns:
            Shape (strengths, folds, items, columns): without each fold, and of each item without its own.
        """
        with one_thread():
            return np.stack([self._without_folds(inverse, score) for inverse in self._inverses])

    def _without_folds(self, inverse: NDArray[np.float64], score: NDArray[np.float64]) -> NDArray[np.float64]:
        ordered = score[self._order]
        residual = inverse @ ordered
        out = np.empty((len(self._folds), *score.shape))
        for one, mine in enumerate(self._folds):
            for other, theirs in enumerate(self._folds[one:], start=one):
                left = [mine] if one == other else [mine, theirs]
                square = np.block([[inverse[rows, columns] for columns in left] for rows in left])
                factor = cho_factor(square, lower=True, overwrite_a=True, check_finite=False)
                wrong = cho_solve(factor, np.concatenate([residual[each] for each in left]), check_finite=False)
                fitted = np.concatenate([ordered[each] for each in left]) - wrong
                out[other, self._order[mine]] = fitted[: mine.stop - mine.start]
                out[one, self._order[theirs]] = fitted[theirs.start - theirs.stop :]
        return out


class ClassifierPredictor:
    """Regression on words."""

    def __init__(self, fold: NDArray[np.int64], expected: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        """Hold expectations of regressions (`fitted_together`).

        Args:
            fold: shape (items,).
            expected: as `WordKernel.expected` returns it.
            cost: shape (items, systems).
        """
        self._fold, self._expected, self._cost = fold, expected, cost

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return the expectations of regressions that leave out this fold and the item's own fold."""
        cell = np.arange(len(self._cost))
        cost = np.broadcast_to(self._cost[self._fold != fold].mean(axis=0), self._cost.shape)
        return tuple(Expected(cell, each[fold], cost) for each in self._expected)


def fitted_together(kernel: WordKernel, *answers: ItemAnswers) -> tuple[ClassifierPredictor, ...]:
    """Fit all regressions to several answers to the same items at once, which takes little longer than to one.

    Args:
        kernel: of the items.
        answers: of the same systems.
    """
    expected = kernel.expected(np.concatenate([each.score for each in answers], axis=1))
    of_each = np.split(expected, len(answers), axis=-1)
    return tuple(
        ClassifierPredictor(kernel.fold, np.ascontiguousarray(mine), each.cost)
        for mine, each in zip(of_each, answers, strict=True)
    )


def _inverse(compared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (I + K)^-1, from its Cholesky factor: a third of the work of solving for each column."""
    factor, _ = dpotrf(np.eye(len(compared)) + compared, lower=True, overwrite_a=True)  # zero above its diagonal
    lower, _ = dpotri(factor, lower=True, overwrite_c=True)
    whole = lower + lower.T
    np.fill_diagonal(whole, lower.diagonal())
    return np.asarray(whole)
