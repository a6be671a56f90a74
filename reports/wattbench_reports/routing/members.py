"""Choose the members of a router that learns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, row_parts
from wattbench_reports.routing.context import StudyContext

MOST_MEMBERS = 4
"""All of them have to be kept ready, and with every further one a router has more to mistake."""


def choose_members(context: StudyContext, items: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Choose the members of a router by the items that it is fitted to.

    Up to `MOST_MEMBERS` candidates all are. Of more it is the best single system, joined by the one that raises what a
    perfect choice per item gives the most, and so on: a greedy choice, which is within 1 - 1/e of the best one, as what
    a set gives is submodular (G. L. Nemhauser, L. A. Wolsey and M. L. Fisher, Mathematical Programming 14 (1978)).

    Args:
        context: of the study.
        items: shape (items,): those that a router is fitted to.

    Returns:
        Columns, the system first that is asked in case of doubt: the best single one, unless the reader names members
        without it.
    """
    answers, single = context.answers, context.baseline.single
    named = [answers.systems.index(each) for each in context.options.members or () if each in answers.systems]
    among, price = np.flatnonzero(items), price_of_an_answer(context, items)
    if len(named) > 1:
        mean = sum_in_parts(answers, among, lambda of: _utility(answers, of, price))
        first = single if single in named else max(named, key=lambda each: float(mean[each]))
        return np.array([first, *(each for each in named if each != first)], dtype=np.int64)
    if len(answers.systems) <= MOST_MEMBERS:
        return np.array([single, *(each for each in range(len(answers.systems)) if each != single)], dtype=np.int64)

    def with_each(of: NDArray[np.int64]) -> NDArray[np.float64]:
        worth = _utility(answers, of, price)
        return np.asarray(np.maximum(worth, worth[:, chosen].max(axis=1, keepdims=True)))

    chosen = [single]
    while len(chosen) < MOST_MEMBERS:
        raised = sum_in_parts(answers, among, with_each)
        raised[chosen] = -np.inf
        chosen.append(int(raised.argmax()))
    return np.array(chosen, dtype=np.int64)


def price_of_an_answer(context: StudyContext, items: NDArray[np.bool_]) -> float:
    """Return the number of correct answers that a unit of cost is worth, by some items; 0 if not known.

    With a worth of answers it is its inverse; otherwise the mean slope of the hull, at which the cheapest system of it
    is as good as the most accurate one.
    """
    answers, baseline = context.answers, context.baseline
    if baseline.aim == "benefit":
        return 1.0 / baseline.worth if baseline.worth > 0 else 0.0
    among, weight = np.flatnonzero(items), answers.weight / answers.weight[items].sum()
    scores, costs = (
        sum_in_parts(answers, among, values.__getitem__, weight) for values in (answers.score, answers.cost)
    )
    low, high = baseline.hull[0], baseline.hull[-1]
    if costs[high] > costs[low] and scores[high] > scores[low]:
        return float((scores[high] - scores[low]) / (costs[high] - costs[low]))
    mean = float(costs[baseline.single])
    return 1.0 / mean if mean > 0 else 0.0


def sum_in_parts(
    answers: ItemAnswers,
    among: NDArray[np.int64],
    values_of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Sum weighted values of some items, in parts.

    Args:
        answers: of the run.
        among: which items.
        values_of: given some of these, returns their values, shape (items given, columns).
        weight: shape (items of the run,): in place of the run's.

    Returns:
        Shape (columns,).
    """
    weight = answers.weight if weight is None else weight
    parts = [among[part] for part in row_parts(len(among))] or [among]
    return np.asarray(sum(weight[part] @ values_of(part) for part in parts))


def _utility(answers: ItemAnswers, items: NDArray[np.int64], price: float) -> NDArray[np.float64]:
    """Return the value of each answer in correct answers, score - price x cost, shape (items given, systems)."""
    return np.asarray(answers.score[items] - price * answers.cost[items])
