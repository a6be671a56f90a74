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

import itertools
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.model import ChoiceKind
from wattbench_reports.routing.predictors.predictor import Expected
from wattbench_reports.routing.predictors.text_features import TextFeatures
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
        # Inverses are in the order of folds, so that what is between two folds is a block.
        self._order = np.argsort(fold, kind="stable")
        ends = np.cumsum(np.bincount(fold)).tolist()
        self._folds = [slice(*each) for each in itertools.pairwise([0, *ends])]
        vectors = features.matrix(texts)
        products, _ = _products(vectors[self._order])
        with _one_thread():
            self._inverses = {each: _inverse(products / each.strength) for each in STRENGTHS if not each.rank}
            ranks = sorted({each.rank for each in STRENGTHS if each.rank})
            self._along = {rank: _along(vectors, _directions(vectors, rank)) for rank in ranks}

    def expected(self, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what regressions of scores expect. Time hardly grows with the columns: several scores go together.

        Args:
            score: shape (items, columns): of each system.

        Returns:
            Shape (strengths, folds, items, columns): without each fold, and of each item without its own.
        """
        with _one_thread():
            each = [self._along_directions(how, score) if how.rank else self._on_words(how, score) for how in STRENGTHS]
        return np.stack(each)

    def _on_words(self, how: Shrinkage, score: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.linalg import cho_factor, cho_solve

        inverse, ordered = self._inverses[how], score[self._order]
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

    def __init__(self, fold: NDArray[np.int64], expected: NDArray[np.float64], cost: NDArray[np.float64]) -> None:
        """Take what regressions expect: see `fitted_together`.

        Args:
            fold: shape (items,).
            expected: as `WordKernel.expected` returns it.
            cost: shape (items, systems).
        """
        self._fold, self._expected, self._cost = fold, expected, cost

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return what regressions without this and the item's own fold expect."""
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
    """Return (I + products)^-1, from its Cholesky factor: a third of the work of solving for each column."""
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, _ = dpotrf(np.eye(len(products)) + products, lower=True, overwrite_a=True)  # zero above its diagonal
    lower, _ = dpotri(factor, lower=True, overwrite_c=True)
    whole = lower + lower.T
    np.fill_diagonal(whole, lower.diagonal())
    return np.asarray(whole)


def _one_thread() -> AbstractContextManager[Any]:
    """Keep linear algebra to one thread: on a busy machine the threads of many small problems wait for each other, and
    take ten times as long."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
