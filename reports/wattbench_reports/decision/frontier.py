"""The hull of a problem with its prices, the acceptability curve, and who cannot be excluded from the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.acceptability import acceptability
from wattbench_reports.decision.best import pairwise
from wattbench_reports.decision.model import Acceptability, HullStep, Qualifies
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.problem import Problem
from wattbench_reports.stats import front_not_excluded


def hull_steps(problem: Problem) -> tuple[HullStep, ...]:
    """Return the prices along the hull of all systems, whether they meet requirements or not."""
    if problem.cost is None:
        return ()
    return steps(problem.names, problem.cost, problem.figures.accuracy, problem.figures.draws, corners(problem))


def corners(problem: Problem) -> list[int]:
    """Return the systems of the hull by rising cost; empty where no cost is known."""
    if problem.cost is None:
        return []
    usable = [number for number in problem.priced if problem.names[number] not in problem.useless]
    others = [number for number in problem.priced if problem.names[number] in problem.useless]
    accuracies = problem.figures.accuracy.estimates.tolist()
    return hull_of(problem.cost.estimates.tolist(), accuracies, usable, others)


def curve(problem: Problem) -> Acceptability | None:
    """Return the acceptability curve of the systems that may meet the requirements; None with fewer than two."""
    outcomes = problem.checked.outcomes
    among = [
        number
        for number in problem.priced
        if problem.names[number] not in problem.useless and outcomes[number] != Qualifies.NO
    ]
    if problem.cost is None or problem.cost_draws is None or len(among) < 2:
        return None
    accuracy, draws = problem.figures.accuracy, problem.figures.draws
    costs, accuracies = problem.cost.estimates.tolist(), accuracy.estimates.tolist()
    chain = hull_of(costs, accuracies, among, ())
    prices = [step.price.estimate for step in steps(problem.names, problem.cost, accuracy, draws, chain)]
    first = chain[0]
    scale = costs[first] / accuracies[first] if accuracies[first] > 0 and costs[first] > 0 else 1.0
    return acceptability(problem.names, problem.cost_draws, problem.accuracy_draws, among, chain, prices, scale)


def on_front(problem: Problem) -> Mapping[int, bool]:
    """Return whether a system cannot be excluded from the front of accuracy and cost, of those that are compared."""
    if problem.cost is None or not problem.priced:
        return {}
    pair, draws = np.ix_(problem.priced, problem.priced), problem.figures.draws
    less_right = pairwise(problem.figures.accuracy.times(-1.0), draws)[pair]
    shown = front_not_excluded(pairwise(problem.cost, draws)[pair], less_right)
    return {
        number: p_value is None or p_value > ALPHA
        for number, p_value in zip(problem.priced, shown.p_values, strict=True)
    }
