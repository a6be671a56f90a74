"""Choose the rule of a router by the items that it is fitted to, for what the reader wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import SHARE
from wattbench_reports.metrics.decision_settings import Quantity, Requirement
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.fitting.rule import SLOPES, RoutingRule, choices_by_rule
from wattbench_reports.routing.members import price_of_an_answer
from wattbench_reports.routing.predictors.predictor import Expected

_SURE = 2.0
"""By how many standard errors a requirement is to be met on the items that a rule is chosen by. More than the 1.64 that
make it likely at 95%, as the best of many rules is flattered."""
_ROUNDING = 1e-12
_AMOUNTS: dict[Quantity, str] = {"cost": MONEY, "joules": JOULES, "grams": GRAMS}


@dataclass(frozen=True)
class _Bounded:
    """A requirement as a lower bound of a mean."""

    values: NDArray[np.float64]
    """Shape (items, systems)."""
    weight: NDArray[np.float64]
    """Shape (items,): sums to 1."""
    bound: float


class Tuning:
    """The items that a router is fitted to, by which rules are compared."""

    def __init__(
        self, context: StudyContext, items: NDArray[np.bool_], expected: Expected, members: NDArray[np.int64]
    ) -> None:
        """Sum the scores and costs of the items of each cell.

        Args:
            context: of the study.
            items: shape (items,): those that count.
            expected: of all items, none by its own scores.
            members: columns, the default system first.
        """
        self._context, self._items, self._expected, self._members = context, items, expected, members
        self._weight = np.where(items, context.answers.weight, 0.0)
        self._weight /= self._weight.sum()
        self._score = self._sums(context.answers.score, self._weight)
        self._cost = self._sums(context.answers.cost, self._weight)

    def most_accurate(self) -> RoutingRule:
        """Return the rule with the most correct answers, of equals the cheaper."""
        rules, taken = choices_by_rule(self._expected, self._members, np.zeros(1))
        accuracy, cost = self._means(self._score, taken), self._means(self._cost, taken)
        return rules[int(np.lexsort((cost, -np.round(accuracy, 9)))[0])]

    def most_gain(self) -> RoutingRule:
        """Return the rule with the most gain by the aim, among rules that keep the reader's requirements safely enough.

        A rule does if it risks the requirements no more than always asking the default system, or is sure to keep them.
        Under the aim ``accuracy`` the cheapest rule that is as accurate as the default system gains the most.
        """
        aim, worth = self._context.baseline.aim, self._context.baseline.worth
        price = price_of_an_answer(self._context, self._items)
        slopes = np.array([1.0] if aim == "benefit" and worth > 0 else SLOPES)
        rules, taken = choices_by_rule(self._expected, self._members, price * slopes)
        accuracy, cost = self._means(self._score, taken), self._means(self._cost, taken)
        if aim == "benefit":
            gain = worth * accuracy - cost
        elif aim == "cost":
            gain = -cost
        else:
            gain = np.where(accuracy >= accuracy[0] - _ROUNDING, -cost, -np.inf)
        for each in self._bounded():
            distance = self._distances(each, taken)
            gain = np.where(distance >= min(_SURE, float(distance[0])), gain, -np.inf)
        return rules[int(np.lexsort((-np.round(accuracy, 9), -np.round(gain, 12)))[0])]

    def _sums(self, values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return weighted sums by cell, shape (cells, members)."""
        cells = len(self._expected.score)
        columns = [values[:, each] * weight for each in self._members]
        return np.stack([np.bincount(self._expected.cell, each, cells) for each in columns], axis=1)

    def _means(self, sums: NDArray[np.float64], taken: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray(sums[np.arange(len(sums)), taken].sum(axis=1))

    def _distances(self, bounded: _Bounded, taken: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the distance of each rule from a bound, in standard errors."""
        weight, squared = bounded.weight, bounded.weight**2
        mean = self._means(self._sums(bounded.values, weight), taken)
        square = self._means(self._sums(bounded.values**2, squared), taken)
        cross = self._means(self._sums(bounded.values, squared), taken)
        variance = np.maximum(square - 2 * mean * cross + mean**2 * squared.sum(), 0.0)
        return np.asarray((mean - bounded.bound) / np.sqrt(variance + 1e-12 * (1 + bounded.bound**2)))

    def _bounded(self) -> list[_Bounded]:
        known = (self._of(each) for each in self._context.settings.requirements)
        return [each for each in known if each is not None]

    def _of(self, requirement: Requirement) -> _Bounded | None:
        answers, weight = self._context.answers, self._weight
        if requirement.quantity == "accuracy":
            if requirement.domain is not None:
                inside = np.array([each == requirement.domain for each in answers.domains])[answers.domain]
                weight = np.where(inside, weight, 0.0)
            if not weight.sum() > 0:
                return None
            return _Bounded(answers.score, weight / weight.sum(), requirement.bound)
        if requirement.quantity == "p95":
            seconds = answers.amounts.get(SECONDS)
            if seconds is None:
                return None
            return _Bounded((seconds <= requirement.bound).astype(np.float64), weight, SHARE)
        amounts = answers.amounts.get(_AMOUNTS.get(requirement.quantity, ""))
        return None if amounts is None else _Bounded(-amounts, weight, -requirement.bound)
