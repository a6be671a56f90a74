"""Turn expected scores into a choice of systems, and choose how by items that the scores were not fitted to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.predictors.predictor import Expected

MARGINS = (math.inf, 0.2, 0.1, 0.05, 0.02, 0.01, 0.0)
"""By how many correct answers per request another system has to be expected better; infinite: none ever is."""
SLOPES = (0.0, *(2.0**step for step in np.arange(-3, 3.5, 0.5).tolist()))
"""What a unit of cost counts for, in multiples of `wattbench_reports.routing.members.price_of_an_answer`."""
_STEPS = 45
"""Of bisection."""
_MOST_ITEMS = 4_000
"""From as many items the point of a curve is found, and applied to all."""


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
