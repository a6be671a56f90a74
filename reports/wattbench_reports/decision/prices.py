"""Compute what each further correct answer costs: the prices along the hull of accuracy and cost.

The hull holds the systems of which no mixture of others answers as many requests correctly at no higher cost. It goes
from the cheapest system to the most accurate one, and from one to the next a further correct answer costs

    price = (cost of the dearer - cost of the cheaper) / (accuracy of the dearer - accuracy of the cheaper)

which rises along the hull. At a price of a correct answer between two of them the system between is the one to run.

Bounds are Fieller's (`wattbench_reports.stats.fieller`), from the covariance of both differences, over blocks or over
items drawn again: percentiles of drawn ratios would be finite also where the gain may be nothing, and then promise a
price that the run does not support. The bounds take the two systems as given: they hold the price of *these two*, and
not that other systems might replace one of them.

A useless system can be the cheapest end of the hull, from which the first price counts; it is never a system to run.

Source: A. A. Stinnett and A. D. Paltiel, "Mathematical programming for the efficient allocation of health care
resources", Journal of Health Economics 15 (1996): extended dominance; `fieller`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

import numpy as np

from wattbench_reports.decision.covarying import Covarying, VaryingFigure
from wattbench_reports.decision.model import HullStep
from wattbench_reports.stats import Interval
from wattbench_reports.stats.fieller import fieller_interval


def corners(costs: Sequence[float], accuracies: Sequence[float], among: Collection[int]) -> list[int]:
    """Return the systems on the hull, by rising cost and accuracy.

    Args:
        costs: of each system.
        accuracies: of each system.
        among: the systems that take part. Of equals the first is taken.
    """
    chain: list[int] = []
    for system in sorted(among, key=lambda each: (costs[each], -accuracies[each], each)):
        if chain and accuracies[system] <= accuracies[chain[-1]]:
            continue
        while len(chain) > 1 and _price(costs, accuracies, chain[-2], chain[-1]) >= _price(
            costs, accuracies, chain[-1], system
        ):
            chain.pop()
        chain.append(system)
    return chain


def _price(costs: Sequence[float], accuracies: Sequence[float], cheaper: int, dearer: int) -> float:
    return (costs[dearer] - costs[cheaper]) / (accuracies[dearer] - accuracies[cheaper])


def hull_of(
    costs: Sequence[float], accuracies: Sequence[float], usable: Collection[int], useless: Collection[int]
) -> list[int]:
    """Return the systems on the hull. Only the first of them may be a useless system.

    Args:
        costs: of each system.
        accuracies: of each system.
        usable: systems that may be run.
        useless: systems that may only be the cheapest end: those cheaper than every usable one.
    """
    if not usable:
        return []
    least = min(costs[system] for system in usable)
    chain = corners(costs, accuracies, [*usable, *(system for system in useless if costs[system] < least)])
    first = next((number for number, system in enumerate(chain) if system not in useless), None)
    if first is None:  # a useless system is cheaper and more accurate than all: it is no end to count from
        return corners(costs, accuracies, usable)
    return [*chain[: min(first, 1)], *chain[first:]]


def steps(
    systems: Sequence[str], cost: VaryingFigure, accuracy: VaryingFigure, covarying: Covarying, chain: Sequence[int]
) -> tuple[HullStep, ...]:
    """Return the price of a further correct answer from each corner of the hull to the next.

    Args:
        systems: all names.
        cost: per request.
        accuracy: over all domains.
        covarying: of the run.
        chain: `hull_of`.
    """
    if len(chain) < 2:
        return ()
    of_costs, of_accuracies = covarying.covariances(cost, cost), covarying.covariances(accuracy, accuracy)
    of_both = covarying.covariances(cost, accuracy)
    along = []
    for cheaper, dearer in itertools.pairwise(chain):
        weights = np.zeros(len(systems))
        weights[[cheaper, dearer]] = -1.0, 1.0
        pair = np.ix_([cheaper, dearer], [cheaper, dearer])
        sides = weights[[cheaper, dearer]]
        top = float(cost.estimates[dearer] - cost.estimates[cheaper])
        gain = float(accuracy.estimates[dearer] - accuracy.estimates[cheaper])
        variance = float(sides @ of_accuracies[pair] @ sides)
        price = fieller_interval(
            top,
            gain,
            float(sides @ of_costs[pair] @ sides),
            variance,
            float(sides @ of_both[pair] @ sides),
            covarying.quantile,
        )
        half = covarying.quantile * max(variance, 0.0) ** 0.5
        bounds = Interval(gain, max(-1.0, gain - half), min(1.0, gain + half))
        along.append(HullStep(systems[cheaper], systems[dearer], price, bounds))
    return tuple(along)
