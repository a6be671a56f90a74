"""Expect scores of systems on items that a predictor was not fitted to.

Everything is fitted at two depths (nested cross-validation: S. Varma and R. Simon, "Bias in error estimation when using
cross-validation for model selection", BMC Bioinformatics 7 (2006)). With a fold held out, the expectation for an item
of it is fitted to all other folds; that for an item of another fold to all but these two. So what is chosen (how
strongly to shrink, from which advantage on to leave the best single system) is chosen on items whose own scores are in
no expectation, and judged on items whose scores are in nothing at all.

**By domain** (`DomainPredictor`), shrunk towards the mean of the system over all items.

**By the mean on the most similar requests** (`NearestPredictor`): RouterBench's simplest router that learns (arXiv
2403.12031), here with TF-IDF of hashed words for an embedding, so that no model is needed: a lower bound on what a
router can learn from the requests.

**By the words of the request** (`ClassifierPredictor`): the text classifier that a router stores. Fitted in the dual,
so that its size is that of the items, and all folds at once: with G = (I + K / s)^-1 of all items, what regression
without the items F expects of them is y_F - G_FF^-1 (G y)_F (S. An, W. Liu and S. Venkatesh, "Fast cross-validation
algorithms for least squares support vector machine and kernel ridge regression", Pattern Recognition 40 (2007)). How
strongly it is shrunk is chosen on the items that a router is fitted to.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse import csr_matrix, diags
from scipy.sparse.csgraph import connected_components

from wattbench.text_classifier import CONSTANT, STRENGTHS, TextFeatures, by_rarity, features_for, one_thread, products
from wattbench_reports.routing.answers.item_answers import ItemAnswers, row_parts

ALIKE = 0.8
"""The cosine from which two texts are near-duplicates."""
DOMAIN_STRENGTHS = (1.0, 5.0, 20.0, 80.0, 320.0)
"""How many items of the mean over all each domain's own are joined by: few items of a domain say little about it.
B. Efron and C. Morris, "Data analysis using Stein's estimator", JASA 70 (1975)."""
NEAREST = (10, 20, 40, 80)
"""How many items vote: chosen on the items that a router is fitted to."""


@dataclass(frozen=True)
class Expected:
    """Expected scores and costs by cell: items that a predictor does not distinguish share a cell."""

    cell: NDArray[np.int64]
    """Shape (items,): the cell of each."""
    score: NDArray[np.float64]
    """Shape (cells, systems)."""
    cost: NDArray[np.float64]
    """Shape (cells, systems): per request."""


class Predictor(Protocol):
    """A predictor of all systems' scores on all items."""

    def without(self, fold: int) -> tuple[Expected, ...]:
        """Return expectations that leave out a fold and each item's own fold, one per strength of shrinking."""


def squared_errors(
    expected: Expected, items: NDArray[np.bool_], score: NDArray[np.float64], members: NDArray[np.int64]
) -> float:
    """Return the mean squared error of expected differences between members, less a part common to all predictors.

    Differences are all that a choice goes by: what makes an item hard for all members does not count.

    Args:
        expected: of all items.
        items: shape (items,): those that count.
        score: shape (items, systems).
        members: columns.
    """
    among = np.flatnonzero(items)
    means = expected.score[np.ix_(np.arange(len(expected.score)), members)]
    means -= means.mean(axis=1, keepdims=True)

    def errors(of: NDArray[np.int64]) -> float:
        scores, expectations = score[np.ix_(of, members)], means[expected.cell[of]]
        centred = scores - scores.mean(axis=1, keepdims=True)
        return float((expectations * (expectations - 2 * centred)).mean()) * (len(of) / len(among))

    return sum(errors(among[part]) for part in row_parts(len(among)))


def counted(texts: Sequence[str], features: TextFeatures, **changed: Any) -> Any:
    """Return the logarithm of 1 + the number of each feature in each text, sparse, of shape (texts, features)."""
    counts = features.matrix(texts, norm=None, alternate_sign=False, **changed).astype(np.float32)
    np.log1p(counts.data, out=counts.data)
    return counts


def of_unit_length(vectors: Any) -> Any:
    """Return sparse rows of length 1, or 0 for a row of zeros."""
    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1.0)) @ vectors).astype(np.float32).tocsr()


def alike(texts: Sequence[str]) -> NDArray[np.int64]:
    """Number clusters of texts that read alike: the same number for those linked by a chain of such.

    Two read alike where they differ in blanks and case alone, or where the cosine of their TF-IDF vectors is `ALIKE` or
    more: copies of a template with other names in it, of which one tells the answer of the others. Clusters of
    near-duplicates by a threshold and chains: A. Z. Broder, "On the resemblance and containment of documents" (1997).
    """
    same, different = pd.factorize(pd.Series([" ".join(text.lower().split()) for text in texts]))
    if len(different) < 2:
        return np.asarray(same, dtype=np.int64)
    from sklearn.neighbors import radius_neighbors_graph

    # A single letter or digit is a word here: sums of other numbers are other requests.
    features = features_for(texts)
    words = {"token_pattern": r"(?u)\b\w+\b"} if features.analyzer == "word" else {}
    counts = counted(list(different), features, **words)
    _, rarity = by_rarity(counts)
    vectors = of_unit_length(counts @ diags(rarity**2))
    near = radius_neighbors_graph(vectors, 1 - ALIKE, metric="cosine", mode="connectivity")
    return np.asarray(connected_components(near, directed=False)[1][same], dtype=np.int64)


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
            for strength in DOMAIN_STRENGTHS
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
