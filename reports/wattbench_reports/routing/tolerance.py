"""State which errors a router by domain could bear: what taking one domain for another costs, and how many it may make.

The systems of the domains are those that were chosen for each fold of items by the others (`learned`), so that no loss
is judged by the items that it was chosen by. An item of domain d that is taken for domain e is answered by the system
of e, and loses

``benefit``   worth x (score lost) + (further cost)
``accuracy``  (score lost)
``cost``      (further cost) + price x (score lost), with the price of a correct answer along the hull next to the best
              single system: money that making up for it would take

With a share r of the requests recognised, and the others spread over the other domains in proportion to how often they
are asked, scores and costs are a straight line in r; `crossing` has the r from which on there is a gain. The router's
own cost may rise until all gain is gone, or under the aim ``accuracy`` until it costs as much as the best single
system. Bounds are as wide as folds make them (`fold_variance`).

Source: a decision by a confusion matrix weighted by losses, C. Elkan, "The foundations of cost-sensitive learning",
IJCAI (2001); `crossing` and `baseline` for the bounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, RoutedItems, ask, pick
from wattbench_reports.routing.baseline import gain_values
from wattbench_reports.routing.context import StudyContext
from wattbench_reports.routing.crossing import part_from
from wattbench_reports.routing.figures import item_figure
from wattbench_reports.routing.fitting.folds import factor_of, widened
from wattbench_reports.routing.model import Misrouting, Tolerance
from wattbench_reports.stats import Interval

LISTED = 5
"""How many domains are listed with the misrouting that loses the most."""
_ROUNDING = 1e-12


def tolerance(context: StudyContext, column: NDArray[np.int64], fold: NDArray[np.int64]) -> Tolerance | None:
    """Compute how much gain a router by domain loses when it takes one domain for another.

    Args:
        context: of the study.
        column: shape (items,): the system that a domain's items are sent to, chosen without their fold.
        fold: shape (items,): of each, from 0.

    Returns:
        None with one domain, or where knowing every domain gains nothing.
    """
    answers = context.answers
    present = np.flatnonzero(_mix_of(answers) > 0)
    perfect = pick(answers, column)
    if len(present) < 2 or not _mean_gain(context, perfect) > _ROUNDING:
        return None
    table = _systems(answers, column, fold)
    losses = _losses(answers, _worth(context), table, fold)[np.ix_(present, present)]
    names = tuple(answers.domains[each] for each in present)
    folds, affordable = int(fold.max()) + 1, _affordable(context, perfect)
    return Tolerance(
        domains=names,
        assigned=tuple(answers.systems[_most_often(column[answers.domain == each])] for each in present),
        losses=tuple(tuple(row) for row in losses.tolist()),
        needed=_needed(context, _mistaken(answers, table, fold), perfect, folds),
        worst=_worst(names, losses),
        own_cost=None if affordable is None else widened(affordable, folds),
    )


def _mix_of(answers: ItemAnswers) -> NDArray[np.float64]:
    """Return how often each domain is asked, shape (domains,)."""
    return np.bincount(answers.domain, weights=answers.weight, minlength=len(answers.domains)).astype(np.float64)


def _mean_gain(context: StudyContext, routed: RoutedItems) -> float:
    return float(context.answers.mean(gain_values(context.baseline, context.answers, routed)))


def _systems(answers: ItemAnswers, column: NDArray[np.int64], fold: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the system of each domain in each fold, shape (domains, folds).

    A fold without items of a domain has what the domain has most often.
    """
    table = np.zeros((len(answers.domains), int(fold.max()) + 1), dtype=np.int64)
    for domain in np.unique(answers.domain):
        table[domain] = _most_often(column[answers.domain == domain])
    table[answers.domain, fold] = column
    return table


def _most_often(columns: NDArray[np.int64]) -> int:
    return int(np.bincount(columns).argmax())


def _worth(context: StudyContext) -> tuple[float, float]:
    """Return the values of a correct answer and of a unit of cost, in the unit of the gain."""
    answers, baseline = context.answers, context.baseline
    if baseline.aim == "benefit":
        return baseline.worth, 1.0
    if baseline.aim == "accuracy":
        return 1.0, 0.0
    hull = list(baseline.hull)
    costs, accuracies = answers.mean_cost[hull], answers.mean_score[hull]
    slope = _slope(costs, accuracies, float(answers.mean(answers.cost[:, baseline.single])))
    if not slope > 0 and len(hull) > 1:  # the most accurate system: the last step there is
        slope = float((accuracies[-1] - accuracies[-2]) / (costs[-1] - costs[-2]))
    return (1.0 / slope if slope > 0 else 0.0), 1.0


def _slope(costs: NDArray[np.float64], accuracies: NDArray[np.float64], cost: float) -> float:
    """Return the slope of the hull at a cost; 0 beyond its ends."""
    after = int(np.searchsorted(costs, cost))
    if after in (0, len(costs)):
        return 0.0
    return float((accuracies[after] - accuracies[after - 1]) / (costs[after] - costs[after - 1]))


def _losses(
    answers: ItemAnswers, worth: tuple[float, float], table: NDArray[np.int64], fold: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the gain lost per request, shape (domains, domains): the domain by row, what it is taken for by column."""
    value = worth[0] * answers.score - worth[1] * answers.cost
    each, mix = np.arange(answers.items), _mix_of(answers)
    by_domain = [
        np.bincount(answers.domain, weights=answers.weight * value[each, row[fold]], minlength=len(table))
        for row in table
    ]
    means = np.stack(by_domain, axis=1) / np.where(mix > 0, mix, 1.0)[:, None]
    return np.asarray(np.diag(means)[:, None] - means)


def _mistaken(answers: ItemAnswers, table: NDArray[np.int64], fold: NDArray[np.int64]) -> RoutedItems:
    """Return the scores and costs if every request is taken for another domain, in proportion to the mix."""
    mix = _mix_of(answers)
    sent = np.eye(len(answers.systems))[table] * mix[:, None, None]
    shares = sent.sum(axis=0) - sent
    others = np.maximum(1 - mix, _ROUNDING)
    requests = np.maximum(shares / others[:, None, None], 0.0)[answers.domain, fold]
    return ask(answers, requests, answered=requests)


def _needed(context: StudyContext, mistaken: RoutedItems, perfect: RoutedItems, folds: int) -> Interval | None:
    """Return the share of requests whose domain must be recognised; its upper bound is at most all of them."""
    part = part_from(context, mistaken, perfect, factor_of(folds))
    return Interval(part.estimate, part.low, min(part.high, 1.0)) if part.estimate <= 1 else None


def _worst(names: tuple[str, ...], losses: NDArray[np.float64]) -> tuple[Misrouting, ...]:
    """Return the costliest mistake of each domain, those that lose the most first."""
    other = losses.argmax(axis=1)
    lost = losses[np.arange(len(names)), other]
    order = np.argsort(-lost, kind="stable")[:LISTED].tolist()
    return tuple(
        Misrouting(names[each], names[other[each]], float(lost[each])) for each in order if lost[each] > _ROUNDING
    )


def _affordable(context: StudyContext, perfect: RoutedItems) -> Interval | None:
    """Return the most that the router may cost per request; None where no cost is known, or nothing is left."""
    answers, baseline = context.answers, context.baseline
    if answers.unit is None:
        return None
    saved = answers.cost[:, baseline.single] - perfect.cost
    left = saved if baseline.aim == "accuracy" else gain_values(baseline, answers, perfect)
    return item_figure(answers, left).interval() if answers.mean(left) > 0 else None
