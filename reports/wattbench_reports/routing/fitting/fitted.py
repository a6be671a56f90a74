"""Fit a router for use: to training items alone, with its strength and thresholds set on calibration items.

What is fitted is what `learned` judges by folds: means by domain, or a regression on the words of requests. The items
that judge it are in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.text_classifier import STRENGTHS, TextClassifier, fit_scores
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.fitting.cross_fitting import ACCURATE
from wattbench_reports.routing.fitting.folds import deal_folds
from wattbench_reports.routing.fitting.rule import RoutingRule, Tuning, choose
from wattbench_reports.routing.members import choose_members
from wattbench_reports.routing.predictors import DomainPredictor, Expected, squared_errors
from wattbench_reports.stats.budgets import KNN_ITEMS, SEED

_FOLDS = 4
_TEST, _CALIBRATION = 0, 1


@dataclass(frozen=True)
class Split:
    """Which items are for what, each of shape (items,). No item is in two."""

    training: NDArray[np.bool_]
    calibration: NDArray[np.bool_]
    test: NDArray[np.bool_]


def split_items(domain: NDArray[np.int64], alike: NDArray[np.int64] | None = None) -> Split:
    """Divide items at random: two quarters for training, one for calibration, one for the test, in every domain.

    Items that read alike stay together. Of each part at most `KNN_ITEMS` items are taken: what is fitted to requests
    grows with the cube of their number.

    Args:
        domain: shape (items,).
        alike: shape (items,): a number that is the same for items that read alike; None: no two do.
    """
    fold = deal_folds(domain, alike, SEED, _FOLDS)
    return Split(
        _at_most(np.isin(fold, [_TEST, _CALIBRATION], invert=True)),
        _at_most(fold == _CALIBRATION),
        _at_most(fold == _TEST),
    )


def _at_most(part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    items = np.flatnonzero(part)
    if len(items) <= KNN_ITEMS:
        return part
    kept = np.zeros(len(part), dtype=np.bool_)
    kept[np.random.default_rng(SEED).choice(items, KNN_ITEMS, replace=False)] = True
    return kept


@dataclass(frozen=True)
class FittedScores:
    """A router that predicts the score of each member."""

    members: tuple[int, ...]
    """Columns; the first answers unless another is better by more than the margin."""
    classifier: TextClassifier
    """Its labels are the members, in their order."""
    cost: NDArray[np.float64]
    """Shape (members,): of a request."""
    rule: RoutingRule


@dataclass(frozen=True)
class FittedDomains:
    """A router that knows the domain of a request."""

    default: int
    """The column of the system that answers where the domain is not known."""
    systems: tuple[int, ...]
    """The column of the system of each domain, in the order of the answers' domains."""


def fit_by_words(context: StudyContext, texts: Sequence[str], split: Split, setting: str) -> FittedScores:
    """Fit a regression of each member's score on the words of requests.

    Args:
        context: of the study, over all items.
        texts: the request of each item; those outside `split` are not read.
        split: of the items.
        setting: which point of its curve: `ACCURATE`, or the most gain by the aim.
    """
    answers = context.answers
    members = choose_members(context, split.training)
    trained = np.flatnonzero(split.training)
    score = answers.score[np.ix_(trained, members)]
    of_trained = [texts[each] for each in trained.tolist()]
    weight = answers.weight[trained] / answers.weight[trained].sum()
    cost = weight @ answers.cost[trained]
    calibration = np.flatnonzero(split.calibration)
    of_calibration = [texts[each] for each in calibration.tolist()]
    names, fits = [answers.systems[each] for each in members], []
    for strength in STRENGTHS:
        classifier = fit_scores(of_trained, names, score, strength)
        expected = _expected(answers.score.shape, calibration, members, classifier.scores(of_calibration), cost)
        fits.append((classifier, expected))
    classifier, expected = min(fits, key=lambda fit: squared_errors(fit[1], split.calibration, answers.score, members))
    return FittedScores(
        tuple(members.tolist()), classifier, cost[members], _rule(context, split, expected, members, setting)
    )


def fit_by_domain(context: StudyContext, split: Split, setting: str) -> FittedDomains:
    """Choose a system for each domain.

    Args:
        context: of the study, over all items.
        split: of the items.
        setting: as in `fit_by_words`.
    """
    answers = context.answers
    members = choose_members(context, split.training)
    part = np.where(split.training, 0, np.where(split.calibration, 1, 2))
    # Without part 2, what is expected of calibration items is fitted to those of part 0 alone: training.
    expectations = DomainPredictor(answers.domain, part, answers.score, answers.cost).without(2)
    expected = min(expectations, key=lambda each: squared_errors(each, split.calibration, answers.score, members))
    rule = _rule(context, split, expected, members, setting)
    chosen = choose(expected, members, rule)
    cells = np.arange(len(answers.domains)) * 3 + 1
    chosen = np.append(chosen, np.full(max(0, int(cells[-1]) + 1 - len(chosen)), members[0]))
    return FittedDomains(int(members[0]), tuple(chosen[cells].tolist()))


def _expected(
    shape: tuple[int, ...],
    items: NDArray[np.int64],
    members: NDArray[np.int64],
    scores: NDArray[np.float64],
    cost: NDArray[np.float64],
) -> Expected:
    """Return expectations with the scores of some items and members; other scores are 0, and are not read."""
    every = np.zeros(shape)
    every[np.ix_(items, members)] = scores
    return Expected(np.arange(shape[0]), every, np.broadcast_to(cost, shape))


def _rule(
    context: StudyContext, split: Split, expected: Expected, members: NDArray[np.int64], setting: str
) -> RoutingRule:
    tuning = Tuning(context, split.calibration, expected, members)
    return tuning.most_accurate() if setting == ACCURATE else tuning.most_gain()
