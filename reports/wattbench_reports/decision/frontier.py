"""Compute the hull of a problem with its prices, the best system by worth, and the Pareto front."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.decision.best import pairwise
from wattbench_reports.decision.model import HullStep, Leader, Qualifies
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.problem import Problem
from wattbench_reports.stats import front_not_excluded


def hull_steps(problem: Problem) -> tuple[HullStep, ...]:
    """Return the price of a further correct answer from each system of the hull to the next, whatever is required."""
    if problem.cost is None:
        return ()
    return steps(problem.names, problem.cost, problem.figures.accuracy, problem.figures.covarying, corners(problem))


def corners(problem: Problem) -> list[int]:
    """Return the systems of the hull by rising cost; empty where no cost is known."""
    if problem.cost is None:
        return []
    usable = [number for number in problem.priced if problem.names[number] not in problem.useless]
    others = [number for number in problem.priced if problem.names[number] in problem.useless]
    accuracies = problem.figures.accuracy.estimates.tolist()
    return hull_of(problem.cost.estimates.tolist(), accuracies, usable, others)


def leaders(problem: Problem) -> tuple[Leader, ...]:
    """Return the best system for each worth of a right answer, among systems that may meet the requirements."""
    outcomes = problem.checked.outcomes
    among = [
        number
        for number in problem.priced
        if problem.names[number] not in problem.useless and outcomes[number] != Qualifies.NO
    ]
    if problem.cost is None or not among:
        return ()
    accuracy, covarying = problem.figures.accuracy, problem.figures.covarying
    chain = hull_of(problem.cost.estimates.tolist(), accuracy.estimates.tolist(), among, ())
    along = steps(problem.names, problem.cost, accuracy, covarying, chain)
    following = [Leader(max(step.price.estimate, 0.0), step.dearer) for step in along]
    return (Leader(0.0, problem.names[chain[0]]), *following)


def on_front(problem: Problem) -> Mapping[int, bool]:
    """Map each compared system to whether it cannot be excluded from the front of accuracy and cost."""
    if problem.cost is None or not problem.priced:
        return {}
    pair, covarying = np.ix_(problem.priced, problem.priced), problem.figures.covarying
    less_right = pairwise(problem.figures.accuracy.times(-1.0), covarying)[pair]
    shown = front_not_excluded(pairwise(problem.cost, covarying)[pair], less_right)
    return {
        number: p_value is None or p_value > ALPHA
        for number, p_value in zip(problem.priced, shown.p_values, strict=True)
    }
