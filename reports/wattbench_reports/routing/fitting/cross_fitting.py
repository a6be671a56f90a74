"""Route every item by what other items say, from the expectations of one predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.fitting.rule import Tuning, at_costs, choose
from wattbench_reports.routing.members import choose_members
from wattbench_reports.routing.predictors import Expected, Predictor, squared_errors
from wattbench_reports.stats.budgets import SEED

ACCURATE, VALUE = "accurate", "value"
PARTS = (0.25, 0.5, 0.75)
"""Of the way from the cheapest member's cost to the best single system's: settings of a router."""
CURVE = tuple((np.arange(11) / 10).tolist())
"""The same, of the points of a curve."""


@dataclass(frozen=True)
class HeldOutRoutes:
    """What a router chooses for items that it was not fitted to."""

    columns: dict[str, NDArray[np.integer[Any]]]
    """Setting to the column of each item, shape (items,)."""
    curve: NDArray[np.integer[Any]]
    """Shape (points, items): for each part of `CURVE`; no points where costs are all alike."""
    members: tuple[int, ...]
    """Columns between which it chose, in some fold."""


def held_out_routes(
    context: StudyContext, predictor: Predictor, fold: NDArray[np.int64], *, by_cost: bool
) -> HeldOutRoutes:
    """Route the items of each fold by a router that is fitted to the other folds.

    All of it is chosen without the fold: the members, how strongly expectations are shrunk, and the rule. Only which
    system is the best single one is not: that is the system that a router is compared with, so that it flatters the
    comparison against the router, if at all.

    Args:
        context: of the study.
        predictor: of the same items.
        fold: shape (items,).
        by_cost: whether to find the settings and the curve that are given by their cost.
    """
    items = len(fold)
    settings = [ACCURATE, VALUE, *(f"{part:g}" for part in PARTS if by_cost)]
    number = np.min_scalar_type(len(context.answers.systems))
    columns = {setting: np.zeros(items, dtype=number) for setting in settings}
    curve = np.zeros((len(CURVE) if by_cost else 0, items), dtype=number)
    used: dict[int, None] = {}
    for each in range(int(fold.max()) + 1):
        fitted, held = fold != each, np.flatnonzero(fold == each)
        members = choose_members(context, fitted)
        used |= dict.fromkeys(members.tolist())
        expected = min(
            predictor.without(each), key=lambda one: squared_errors(one, fitted, context.answers.score, members)
        )
        tuning = Tuning(context, fitted, expected, members)
        for setting, rule in ((ACCURATE, tuning.most_accurate()), (VALUE, tuning.most_gain())):
            columns[setting][held] = choose(expected, members, rule)[expected.cell[held]]
        if by_cost:
            points = _at_parts(context, expected, members, fitted, held, seed=SEED + each)
            for position, part in enumerate(PARTS):
                columns[f"{part:g}"][held] = points[position]
            curve[:, held] = points[len(PARTS) :]
    return HeldOutRoutes(columns, curve, tuple(used))


def _at_parts(
    context: StudyContext,
    expected: Expected,
    members: NDArray[np.int64],
    fitted: NDArray[np.bool_],
    held: NDArray[np.int64],
    seed: int,
) -> NDArray[np.int64]:
    """Return the system of each held-out item at each cost in `PARTS` and `CURVE`, shape (parts, items held out)."""
    answers = context.answers
    weight = answers.weight[fitted] / answers.weight[fitted].sum()
    means = weight @ answers.cost[np.ix_(fitted, members)]
    cheapest = min(float(means.min()), float(means[0]))
    targets = cheapest + np.array([*PARTS, *CURVE]) * (float(means[0]) - cheapest)
    cells = expected.cell[held]
    taken = at_costs(
        expected.score[np.ix_(cells, members)],
        expected.cost[np.ix_(cells, members)],
        answers.weight[held],
        targets,
        seed,
    )
    return np.asarray(members[taken])
