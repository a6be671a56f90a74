"""Enumerate every set of systems that could stay loaded, with the best choice by domain within each.

A system that is not loaded answers nothing, so that within a set R a domain d goes to

    a(d, R) = the system of R with the highest mean value on training items of d

and R is judged on the items that were held out, in five folds. Values are those of the aim of the study, linear in
scores and costs; where an accuracy is required, answers are worth just as much as it takes to reach it on the training
items, or as much as can be where it is not reached. All 2^k - 1 sets are evaluated, one system after another: a set
with system j is the same set without it, and j in each domain where it is better.

The best of all sets is itself found on the items that judge the sets, which flatters it a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.fitting.folds import deal_folds

FOLDS = 5
_SEED = 17
_WORTHS = 9
"""Worths of an answer that are tried where an accuracy is required."""


@dataclass(frozen=True)
class Values:
    """The values by which a choice within a set is made."""

    worth: float
    """Of a correct answer, in the unit of costs."""
    least_accuracy: float | None = None
    """Over all domains, where it is required: an answer then has no other worth."""


@dataclass(frozen=True)
class SetFigures:
    """Held-out figures of every set. Arrays have shape (2^k,): bit j of an index: the j-th column."""

    gain: NDArray[np.float64]
    """Over the first column alone, in the unit of costs."""
    accuracy: NDArray[np.float64]


def set_figures(context: StudyContext, columns: NDArray[np.int64], values: Values) -> SetFigures:
    """Judge every set of some systems.

    Args:
        context: of the study.
        columns: shape (k,): of the systems, the best single one first, which is taken where others are as good.
        values: of the aim.
    """
    sums = _sums(context.answers, columns)
    total = np.zeros((2 ** len(columns), 2))
    for fold in range(FOLDS):
        total += _judged(sums, fold, values)
    accuracy, cost = total[:, 0], total[:, 1]
    alone = values.worth * sums.score[:, :, 0].sum() - sums.cost[:, :, 0].sum()
    return SetFigures(values.worth * accuracy - cost - alone, accuracy)


def held_out_columns(
    context: StudyContext, columns: NDArray[np.int64], members: Sequence[int], values: Values
) -> NDArray[np.int64]:
    """Return the system that each item goes to within one set, shape (items,), as `set_figures` has it.

    Args:
        context: of the study.
        columns: as in `set_figures`.
        members: which of `columns` are in the set.
        values: of the aim.
    """
    sums, fold = _sums(context.answers, columns), _folds(context.answers)
    choice = np.stack([_chosen(sums, each, list(members), values) for each in range(FOLDS)])
    return np.asarray(columns[choice[fold, context.answers.domain]])


def _chosen(sums: _FoldSums, fold: int, members: list[int], values: Values) -> NDArray[np.int64]:
    """Return the member that each domain goes to on one fold, shape (domains,)."""
    rest = [each.sum(axis=0) - each[fold] for each in (sums.score, sums.cost, sums.weight)]
    score, cost = (_means(each, rest[2]) for each in rest[:2])
    if values.least_accuracy is None:
        return np.asarray(np.array(members)[(values.worth * score - cost)[:, members].argmax(axis=1)])
    needed = values.least_accuracy * float(rest[2].sum())
    choice = np.zeros(len(score), dtype=np.int64)
    for worth in _worths(score, cost):
        choice = np.array(members)[(worth * score - cost)[:, members].argmax(axis=1)]
        if rest[0][np.arange(len(choice)), choice].sum() >= needed:
            break
    return choice


@dataclass(frozen=True)
class _FoldSums:
    """Weighted sums by fold, domain and system: shape (folds, domains, k); weights of shape (folds, domains)."""

    score: NDArray[np.float64]
    cost: NDArray[np.float64]
    weight: NDArray[np.float64]


def _sums(answers: ItemAnswers, columns: NDArray[np.int64]) -> _FoldSums:
    fold, domains = _folds(answers), len(answers.domains)
    cell = fold * domains + answers.domain

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        added = np.bincount(cell, weights=values, minlength=FOLDS * domains).astype(np.float64, copy=False)
        return added.reshape(FOLDS, domains)

    def totals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([total(answers.weight * values[:, column]) for column in columns], axis=-1)

    return _FoldSums(totals(answers.score), totals(answers.cost), total(answers.weight))


def _folds(answers: ItemAnswers) -> NDArray[np.int64]:
    """Return the fold of each item, dealt in turn within its domain, in a seeded order.

    Items that read alike stay together, or those of one block where there are at least as many blocks as folds.
    """
    if answers.alike is not None and FOLDS <= answers.different < answers.items:
        return deal_folds(answers.domain, answers.alike, _SEED, FOLDS)
    rng = np.random.default_rng(_SEED)
    if answers.blocked and answers.clusters >= FOLDS:
        return np.asarray((rng.permutation(answers.clusters) % FOLDS)[answers.cluster])
    fold = np.empty(answers.items, dtype=np.int64)
    order = rng.permutation(answers.items)
    order = order[np.argsort(answers.domain[order], kind="stable")]
    fold[order] = np.arange(answers.items) % FOLDS
    return fold


def _judged(sums: _FoldSums, fold: int, values: Values) -> NDArray[np.float64]:
    """Return the weighted sums of accuracy and cost of every set on one fold, shape (2^k, 2)."""
    rest = [each.sum(axis=0) - each[fold] for each in (sums.score, sums.cost, sums.weight)]
    score, cost = (_means(each, rest[2]) for each in rest[:2])
    test = np.stack([sums.score[fold], sums.cost[fold]], axis=-1)
    if values.least_accuracy is None:
        return _by_domain(values.worth * score - cost, test)
    both = np.concatenate([test, rest[0][..., None]], axis=-1)
    needed = values.least_accuracy * float(rest[2].sum())
    chosen = np.full((2 ** score.shape[1], 3), np.nan)
    for worth in _worths(score, cost):
        sets = _by_domain(worth * score - cost, both)
        chosen = np.where(chosen[:, 2:] >= needed, chosen, sets)
    return chosen[:, :2]


def _means(sums: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean by domain and system; the overall mean in a domain without items."""
    overall = sums.sum(axis=0) / weights.sum()
    means = np.divide(sums, weights[:, None], out=np.empty_like(sums), where=weights[:, None] > 0)
    return np.where(weights[:, None] > 0, means, overall)


def _worths(score: NDArray[np.float64], cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rising worths of an answer, at which the choice by domain goes from the cheapest to the most accurate."""
    more = score[:, :, None] - score[:, None, :]
    dearer = cost[:, :, None] - cost[:, None, :]
    prices = dearer[(more > 1e-12) & (dearer > 0)] / more[(more > 1e-12) & (dearer > 0)]
    if not len(prices):
        return np.zeros(1)
    steps = np.quantile(prices, np.linspace(0, 1, _WORTHS)) * (1 + 1e-9)
    return np.unique(np.append(steps, 0.0))


def _by_domain(value: NDArray[np.float64], test: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum, for every set, the figures of its best system by training value in each domain.

    Args:
        value: shape (domains, k).
        test: shape (domains, k, figures).

    Returns:
        Shape (2^k, figures); 0 for the empty set.
    """
    k, figures = test.shape[1:]
    total, given, best = np.zeros((figures, 2**k)), np.zeros((figures, 2**k)), np.full(2**k, -np.inf)
    for of_domain, figures_of in zip(value, test, strict=True):
        for column in range(k):
            half, whole = 2**column, 2 ** (column + 1)
            better = best[:half] < of_domain[column]
            best[half:whole] = np.where(better, of_domain[column], best[:half])
            for number in range(figures):
                given[number, half:whole] = np.where(better, figures_of[column, number], given[number, :half])
        total += given
    return total.T
