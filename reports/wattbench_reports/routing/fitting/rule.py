"""Turn expected scores into a choice of systems, and choose how by items that the scores were not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import SHARE
from wattbench_reports.metrics.decision_settings import Quantity, Requirement
from wattbench_reports.routing.answers.item_answers import GRAMS, JOULES, MONEY, SECONDS
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.members import price_of_an_answer
from wattbench_reports.routing.predictors import Expected

MARGINS = (math.inf, 0.2, 0.1, 0.05, 0.02, 0.01, 0.0)
"""By how many correct answers per request another system has to be expected better; infinite: none ever is."""
SLOPES = (0.0, *(2.0**step for step in np.arange(-3, 3.5, 0.5).tolist()))
"""What a unit of cost counts for, in multiples of `wattbench_reports.routing.members.price_of_an_answer`."""
_STEPS = 45
"""Of bisection."""
_MOST_ITEMS = 4_000
"""From as many items the point of a curve is found, and applied to all."""
_SURE = 2.0
"""By how many standard errors a requirement is to be met on the items that a rule is chosen by. More than the 1.64 that
make it likely at 95%, as the best of many rules is flattered."""
_ROUNDING = 1e-12
_AMOUNTS: dict[Quantity, str] = {"cost": MONEY, "joules": JOULES, "grams": GRAMS}


@dataclass(frozen=True)
class RoutingRule:
    """A rule that takes another system if its score - default's - per_cost x (its cost - default's) > margin."""

    per_cost: float
    """Correct answers that a unit of cost is worth; 0: cost does not count."""
    margin: float


def choose(expected: Expected, members: NDArray[np.int64], rule: RoutingRule) -> NDArray[np.int64]:
    """Return the column of the system of each cell.

    Args:
        expected: by cell.
        members: columns, the default system first.
        rule: when to leave it.
    """
    best, other = _advantage(expected, members, np.array([rule.per_cost]))
    return np.asarray(np.where(best[0] > rule.margin, members[other[0]], members[0]), dtype=np.int64)


def choices_by_rule(
    expected: Expected, members: NDArray[np.int64], per_costs: NDArray[np.float64]
) -> tuple[list[RoutingRule], NDArray[np.int64]]:
    """Return all rules, the most cautious first, and the member that each takes in each cell, shape (rules, cells)."""
    best, other = _advantage(expected, members, per_costs)
    rules = [RoutingRule(float(per_cost), margin) for margin in MARGINS for per_cost in per_costs]
    taken = [np.where(best > margin, other, 0) for margin in MARGINS]
    # All rules that never leave the default one are one rule.
    first = len(per_costs) - 1
    return rules[first:], np.concatenate(taken)[first:]


def _advantage(
    expected: Expected, members: NDArray[np.int64], per_costs: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the largest advantage over the default system, and the member with it, shape (per_costs, cells) each."""
    score = expected.score[:, members] - expected.score[:, members[:1]]
    cost = expected.cost[:, members] - expected.cost[:, members[:1]]
    best = np.zeros((len(per_costs), len(score)))
    other = np.zeros(best.shape, dtype=np.int64)
    for each in range(1, len(members)):
        advantage = score[:, each] - per_costs[:, None] * cost[:, each]
        better = advantage > best
        best[better], other[better] = advantage[better], each
    return best, other


def at_costs(
    score: NDArray[np.float64],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    targets: NDArray[np.float64],
    seed: int,
) -> NDArray[np.int64]:
    """Choose systems so that the expected mean cost meets targets, without knowing outcomes.

    The most of score - p x cost is taken, with a price p at which the mean cost is the target. Where even p = 0 costs
    less, a bonus of the first system makes up for it. Equals are told apart at random, so that every cost is reached.

    Args:
        score: shape (items, members): expected; the first is the best single system.
        cost: the same shape, expected.
        weight: shape (items,).
        targets: shape (targets,): mean costs.
        seed: of the random order of equals.

    Returns:
        Shape (targets, items): which member.
    """
    rng = np.random.default_rng(seed)
    score = score + 1e-7 * rng.random(score.shape)
    some = rng.permutation(len(score))[:_MOST_ITEMS]
    among, costs, part = score[some], cost[some], weight[some] / weight[some].sum()
    bonus = np.zeros(score.shape[1])
    bonus[0] = 1.0

    def spent(price: NDArray[np.float64], extra: NDArray[np.float64]) -> NDArray[np.float64]:
        # A member at a time: many short rows cost numpy more than few long ones. Of equals the first is taken.
        best, cost = np.full((len(price), len(some)), -np.inf), np.zeros((len(price), len(some)))
        value, better = np.empty_like(best), np.empty(best.shape, dtype=np.bool_)
        for member in range(costs.shape[1]):
            np.multiply(price[:, None], costs[:, member], out=value)
            np.subtract(among[:, member], value, out=value)
            if bonus[member]:
                value += extra[:, None] * bonus[member]
            np.greater(value, best, out=better)
            np.copyto(best, value, where=better)
            np.copyto(cost, costs[:, member], where=better)
        return np.asarray(cost @ part)

    zero = np.zeros(len(targets))
    dear = spent(zero, zero) >= targets
    # What a unit of cost can be worth at most: the largest difference of scores over the smallest of costs.
    spread = float(np.ptp(costs.mean(axis=0)))
    low, high = zero.copy(), np.where(dear, 1e3 / spread if spread > 0 else 0.0, 2.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = spent(np.where(dear, middle, 0.0), np.where(dear, 0.0, middle)) > targets
        low, high = np.where(above == dear, middle, low), np.where(above == dear, high, middle)
    price, extra = np.where(dear, high, 0.0), np.where(dear, 0.0, high)
    taken = [(score - one * cost + two * bonus).argmax(axis=1) for one, two in zip(price, extra, strict=True)]
    return np.asarray(taken, dtype=np.int64)


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
