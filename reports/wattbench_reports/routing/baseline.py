"""State what a router gains, by the aim of the reader, item by item.

``benefit``   worth x (score - best single's) - (cost - best single's)
``cost``      best single's cost - cost
``accuracy``  score - best single's

The **best single system** is the one that is advised for the same objective and requirements (`advised`); where none
is, the most accurate one, of equals the cheapest. What it is, is decided by the items that judge the router, which
flatters it, and not the router.

What a router saves, a coin may save as well: a random mix needs no router. Asked of a at a share 1 - t and of b at t of
the requests, at random, it has any cost and accuracy between theirs. What can be had so is the hull of accuracy and
cost (`wattbench_reports.decision.prices`; RouterBench, arXiv 2403.12031, scores routers by this hull). With a and b the
corners on either side of the router's own mean cost C,

    t = (C - C_a) / (C_b - C_a),   slope = (A_b - A_a) / (C_b - C_a)
    v_i = s_i - (1 - t) s_ia - t s_ib - slope (c_i - (1 - t) c_ia - t c_ib)

whose mean is the accuracy above the mix, as the last bracket has the mean 0, and whose spread is that of the difference
to first order, with t itself uncertain (the delta method). Beyond the most accurate single system the mix is that
system, and below the cheapest the cheapest one. Nothing is judged by the mix alone: it is a figure next to a saving.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.model import Decision, Qualifies
from wattbench_reports.decision.prices import corners
from wattbench_reports.routing.answers.item_answers import ItemAnswers, ScoredItems
from wattbench_reports.routing.model import LEAST_POINTS, LEAST_SAVING, Aim

_ROUNDING = 1e-12
"""A gain in accuracy below this is rounding."""


@dataclass(frozen=True)
class Baseline:
    """The best single system and the hull, which a router is compared with."""

    aim: Aim
    single: int
    """The column of the best single system."""
    hull: tuple[int, ...]
    """Columns that a random mix takes, by rising cost and accuracy."""
    worth: float = 0.0
    """What one more correct answer in corner of a wrong one is worth, in the unit of costs; 0 unless the aim is
    ``benefit``."""


def baseline_of(
    answers: ItemAnswers,
    aim: Aim,
    worth: float = 0.0,
    chosen: int | None = None,
    usable: Collection[int] | None = None,
) -> Baseline:
    """Find the best single system, and the hull of the systems' costs and accuracies.

    Args:
        answers: of the run.
        aim: of the reader.
        worth: as `Baseline.worth`.
        chosen: the single system that is advised, if any.
        usable: columns that may be the best single system; None: all.
    """
    costs, scores = answers.mean_cost.tolist(), answers.mean_score.tolist()
    among = sorted(usable) if usable else range(len(answers.systems))
    hull = tuple(corners(costs, scores, range(len(answers.systems))))
    if chosen is not None:
        return Baseline(aim, chosen, hull, worth)
    if aim == "benefit":
        return Baseline(aim, max(among, key=lambda each: worth * scores[each] - costs[each]), hull, worth)
    return Baseline(aim, max(among, key=lambda each: (scores[each], -costs[each])), hull, worth)


def gain_values(baseline: Baseline, answers: ItemAnswers, routed: ScoredItems) -> NDArray[np.float64]:
    """Return the gain of each item by the aim, shape (items,)."""
    single = baseline.single
    if baseline.aim == "accuracy":
        return np.asarray(routed.score - answers.score[:, single])
    saved = answers.cost[:, single] - routed.cost
    if baseline.aim == "cost":
        return np.asarray(saved)
    return np.asarray(baseline.worth * (routed.score - answers.score[:, single]) + saved)


def above_mix_values(baseline: Baseline, answers: ItemAnswers, routed: ScoredItems) -> NDArray[np.float64]:
    """Return the accuracy of each item above a random mix at the same cost, shape (items,)."""
    costs, hull = answers.mean_cost, baseline.hull
    cost = float(answers.mean(routed.cost))
    above = next((corner for corner, each in enumerate(hull) if costs[each] >= cost), None)
    if above is None or above == 0:
        return np.asarray(routed.score - answers.score[:, hull[-1 if above is None else 0]])
    a, b = hull[above - 1], hull[above]
    span = float(costs[b] - costs[a])
    t = (cost - float(costs[a])) / span
    means = answers.mean(answers.score[:, [a, b]])
    slope = float(means[1] - means[0]) / span
    mixed_score = (1 - t) * answers.score[:, a] + t * answers.score[:, b]
    mixed_cost = (1 - t) * answers.cost[:, a] + t * answers.cost[:, b]
    values = routed.score - mixed_score - slope * (routed.cost - mixed_cost)
    return np.where(np.abs(values) < _ROUNDING, 0.0, values)


def least_gain(baseline: Baseline, answers: ItemAnswers) -> float:
    """Return the gain below which no router is worth it, by the aim."""
    if baseline.aim == "accuracy":
        return LEAST_POINTS
    if baseline.aim == "benefit":
        return LEAST_POINTS * baseline.worth
    return least_saving(baseline, answers)


def least_saving(baseline: Baseline, answers: ItemAnswers) -> float:
    """Return the smallest saving per request that matters, in the unit of costs."""
    return LEAST_SAVING * float(answers.mean(answers.cost[:, baseline.single]))


def advised(decision: Decision, candidates: Sequence[str]) -> str | None:
    """Return the advised system among those that a router could choose between.

    Args:
        decision: between the systems of the run. Its rows are those that meet the requirements first, the best by the
            objective first.
        candidates: names. A hybrid is none: where it is advised, it is the first of these that meets the requirements.

    Returns:
        None where nothing is advised, or where nothing is required and the advised system is not a candidate.
    """
    if decision.chosen is None or decision.chosen in candidates:
        return decision.chosen
    if decision.objective == "prices":
        return None
    meeting = (
        each.system
        for each in decision.systems
        if each.qualifies is Qualifies.YES and not each.useless and not each.apart and each.system in candidates
    )
    return next(meeting, None)
