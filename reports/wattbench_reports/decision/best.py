"""Find the best of the systems that can be advised, and those that are tied with it.

**Tied** systems are those that a Bonferroni-t elimination leaves
(`wattbench_reports.stats.elimination`): paired comparisons of the loss by Student's t of the difference, from the
covariance of the blocks (R - 1 degrees of freedom) or of the draws of the items (items - 1).

**Without requirements** one system is best, or there are two between which a reader chooses. The most accurate system
is the one to run where no other costs less per right answer. Otherwise there is a choice between it and the system that
costs the least per right answer, and what decides is what a further right answer is worth to the reader: the prices
along the hull from one to the other (`prices`). Tied with the one best system are those of which neither the accuracy
is shown to be lower nor the cost per right answer to be higher, by Student's t of the difference at alpha / (systems -
1) (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.bounds import further_items
from wattbench_reports.decision.cost_basis import CostBasis
from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.model import ROUNDING, Between, OtherPrices
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.run_figures import RunFigures
from wattbench_reports.metrics.costs import Costs, CostUnit
from wattbench_reports.stats import eliminate_by_pairs
from wattbench_reports.stats.elimination import one_sided_p_values
from wattbench_reports.stats.student import MOST_DF, t_at


def pairwise(figure: VaryingFigure, covarying: Covarying) -> NDArray[np.float64]:
    """Return the one-sided p-value of "i has no larger loss than j" for all pairs, shape (systems, systems).

    NaN on the diagonal and for a system whose loss is not known. Where nothing varies between two systems the smaller
    loss is taken for smaller from the probability of a sign test over the blocks.
    """
    worse = figure.estimates[:, None] - figure.estimates
    errors = np.sqrt(covarying.of_differences(figure))
    p_values = one_sided_p_values(worse, errors, min(covarying.df, MOST_DF), min(len(figure.parts), 1000))
    np.fill_diagonal(p_values, np.nan)
    return p_values


@dataclass(frozen=True)
class Tied:
    """Systems that cannot be excluded from being the best."""

    systems: tuple[int, ...]
    """By the objective; the chosen one first."""
    items_to_decide: int | None
    """Further items that would leave one of them, if the estimates stay; None where one is left, or too many would be
    needed."""


def tied(
    figure: VaryingFigure, covarying: Covarying, chosen: int, among: Sequence[int], items: float, alpha: float
) -> Tied:
    """Find the systems that are statistically tied with the chosen one.

    Args:
        figure: the loss.
        covarying: of the run.
        chosen: of them the best by estimate.
        among: the systems that can be advised.
        items: of the run.
        alpha: how often one of equally good systems may be left out.
    """
    p_values = pairwise(figure, covarying)[np.ix_(among, among)]
    members = [among[index] for index in eliminate_by_pairs(p_values, alpha).members]
    others = sorted((each for each in members if each != chosen), key=lambda each: float(figure.estimates[each]))
    variances, score = covarying.of_differences(figure), of_a_pair(len(others) + 1, covarying.df, alpha)
    needed = [
        further_items(
            items,
            float(np.sqrt(variances[chosen, other])),
            float(figure.estimates[other] - figure.estimates[chosen]),
            score,
        )
        for other in others
    ]
    known = [each for each in needed if each is not None]
    return Tied((chosen, *others), max(known) if known and len(known) == len(needed) else None)


def of_a_pair(systems: int, df: float, alpha: float) -> float:
    """Return how many standard errors exclude one system in an elimination among a number of systems."""
    return t_at(1 - alpha / max(2, systems * (systems - 1)), df)


@dataclass(frozen=True)
class Ends:
    """The two systems between which a reader chooses; twice the same system where one system is best."""

    cheaper: int
    """It costs the least per right answer."""
    dearer: int
    """It is the most accurate."""


def ends(names: Sequence[str], cost: VaryingFigure, accuracy: VaryingFigure, able: Sequence[int]) -> Ends | None:
    """Find the cheapest system per right answer and the most accurate one; None if no system answers correctly.

    Of equals the first by name is taken.
    """
    usable = [each for each in able if accuracy.estimates[each] > 0]
    if not usable:
        return None
    costs, right = cost.estimates, accuracy.estimates
    dearer = min(usable, key=lambda each: (-right[each], costs[each], names[each]))
    cheaper = min(usable, key=lambda each: (costs[each] / right[each], -right[each], names[each]))
    least, most = costs[cheaper] / right[cheaper], costs[dearer] / right[dearer]
    return Ends(dearer if most <= least * (1 + ROUNDING) else cheaper, dearer)


def tied_with(
    best: int, cost: VaryingFigure, accuracy: VaryingFigure, covarying: Covarying, able: Sequence[int], alpha: float
) -> tuple[int, ...]:
    """Return the systems that are tied with the best system in accuracy and cost, the best system first."""
    usable = [each for each in able if accuracy.estimates[each] > 0]
    level = alpha / max(1, len(usable) - 1)
    less_right = pairwise(accuracy.times(-1.0), covarying)
    dearer = pairwise(per_right_answer(cost, accuracy), covarying)
    others = [each for each in usable if each != best and min(less_right[each, best], dearer[each, best]) > level]
    return (best, *sorted(others, key=lambda each: -float(accuracy.estimates[each])))


def per_right_answer(cost: VaryingFigure, accuracy: VaryingFigure) -> VaryingFigure:
    """Return the cost per right answer, linearised: NaN for a system that answers nothing correctly."""
    right = np.where(accuracy.estimates > 0, accuracy.estimates, np.nan)
    ratio = cost.estimates / right
    of_right = accuracy.times(-ratio / right)
    made = cost.times(1 / right).plus(of_right)
    return VaryingFigure(ratio, made.parts, made.scale)


def between(
    names: Sequence[str],
    two: Ends,
    cost: VaryingFigure,
    figures: RunFigures,
    able: Sequence[int],
    others: Sequence[tuple[CostUnit, Costs]],
) -> Between:
    """Compute the price of further right answers from one system to the other.

    Args:
        names: of all systems.
        two: two systems.
        cost: per request, in the unit of the decision.
        figures: of the run.
        able: the systems that may be run.
        others: costs in other units.
    """
    line = hull_of(cost.estimates.tolist(), figures.accuracy.estimates.tolist(), able, ())
    chain = line[line.index(two.cheaper) : line.index(two.dearer) + 1]
    along = steps(names, cost, figures.accuracy, figures.covarying, chain)
    more = []
    for unit, costs in others:
        if not any(names[each] in costs.missing for each in chain):
            prices = steps(names, figures.cost(costs), figures.accuracy, figures.covarying, chain)
            more.append(OtherPrices(unit, costs.label, prices[0].price.estimate, prices[-1].price.estimate))
    return Between(names[two.cheaper], names[two.dearer], along[0].price, along[-1].price, tuple(more))


def other_units(basis: CostBasis, costs: Mapping[CostUnit, Costs]) -> list[tuple[CostUnit, Costs]]:
    """List the costs in each unit that a reader pays in, other than the unit of the decision."""
    mine = None if basis.costs is None else basis.costs.unit
    return [
        (unit, costs[unit])
        for unit in (CostUnit.JOULES, CostUnit.MONEY, CostUnit.GRAMS)
        if unit in costs and unit != mine
    ]
