"""Put the systems of a decision into rows, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.decision.frontier import corners, on_front
from wattbench_reports.decision.model import Qualifies, SystemDecision
from wattbench_reports.decision.problem import Problem
from wattbench_reports.decision.varying_figure import VaryingFigure
from wattbench_reports.metrics.costs import CostFigures, CostUnit
from wattbench_reports.metrics.decision_settings import Worth
from wattbench_reports.stats import Interval
from wattbench_reports.stats.fieller import fieller_interval

_RANK = {Qualifies.YES: 0, Qualifies.MAY: 1, Qualifies.NO: 2}


def rows(problem: Problem, tail_share: float | None) -> tuple[SystemDecision, ...]:
    """Return a row per system, ordered by whether it can be advised and qualifies, then by the objective.

    Args:
        problem: what is decided.
        tail_share: the percentile of latency to show.
    """
    costs, front = _cost_figures(problem), on_front(problem)
    return tuple(
        _row(problem, number, costs.get(problem.names[number], CostFigures(None, None)), tail_share, front)
        for number in _order(problem)
    )


def _order(problem: Problem) -> list[int]:
    """Return the numbers of the systems in the order of the rows: systems that take no part in the choice are last.

    Where nothing is required, systems of the hull come first: any other is worth its cost only by chance.
    """
    off_hull = set(range(len(problem.names))).difference(corners(problem)) if problem.objective == "prices" else set()
    outcomes, losses = problem.checked.outcomes, problem.loss.estimates

    def key(number: int) -> tuple[bool, int, bool, bool, bool, bool, float, int]:
        name, loss = problem.names[number], float(losses[number])
        unknown = bool(np.isnan(loss))
        return (
            name in problem.apart,
            _RANK[outcomes[number]],
            not problem.counted[number],
            name in problem.useless,
            number in off_hull,
            unknown,
            0.0 if unknown else loss,
            number,
        )

    return sorted(range(len(problem.names)), key=key)


def _row(
    problem: Problem,
    number: int,
    costs: CostFigures,
    tail_share: float | None,
    front: Mapping[int, bool],
) -> SystemDecision:
    name, checked = problem.names[number], problem.checked
    measures = problem.analysis.measured[name]
    return SystemDecision(
        system=name,
        kind=problem.analysis.kinds[name],
        checks=checked.checks[number],
        qualifies=checked.outcomes[number],
        counted=problem.counted[number],
        counted_bounds=checked.counted_bounds(number, problem.levels[number]),
        useless=problem.useless.get(name, ""),
        apart=problem.apart.get(name, ""),
        accuracy=measures.accuracy,
        cost_per_request=costs.per_request,
        cost_per_correct=costs.per_correct,
        tail_latency_s=None if tail_share is None else measures.latency_percentile_s(tail_share),
        benefit=None if problem.benefit is None else _interval(problem, problem.benefit, number),
        not_excluded_from_front=front.get(number),
    )


def _interval(problem: Problem, figure: VaryingFigure, number: int) -> Interval | None:
    if not figure.known[number]:
        return None
    estimate = float(figure.estimates[number])
    half = problem.figures.covarying.quantile * float(np.sqrt(_variances(problem, figure)[number]))
    return Interval(estimate, estimate - half, estimate + half)


def _variances(problem: Problem, figure: VaryingFigure) -> NDArray[np.float64]:
    return np.asarray(np.diag(problem.figures.covarying.covariances(figure, figure)))


def _cost_figures(problem: Problem) -> Mapping[str, CostFigures]:
    """Return each system's cost figures; with a price of carbon or of a second, computed from the covariance."""
    costs, cost = problem.basis.costs, problem.cost
    if costs is None or cost is None:
        return {}
    if costs.unit != CostUnit.MONEY or not _adds_cost(problem.settings.worth):
        return problem.analysis.cost_figures(costs.unit)
    accuracy, covarying = problem.figures.accuracy, problem.figures.covarying
    of_costs, of_accuracies = _variances(problem, cost), _variances(problem, accuracy)
    of_both = np.diag(covarying.covariances(cost, accuracy))
    figures = {}
    for number, name in enumerate(problem.names):
        per_request, right = _interval(problem, cost, number), float(accuracy.estimates[number])
        per_correct = None
        if per_request is not None:
            per_request = Interval(per_request.estimate, max(0.0, per_request.low), per_request.high)
            errors = float(of_costs[number]), float(of_accuracies[number]), float(of_both[number])
            if right > 0:
                per_correct = fieller_interval(per_request.estimate, right, *errors, covarying.quantile)
        figures[name] = CostFigures(per_request, per_correct)
    return figures


def _adds_cost(worth: Worth | None) -> bool:
    return worth is not None and (worth.carbon_per_tonne > 0 or worth.per_second > 0)
