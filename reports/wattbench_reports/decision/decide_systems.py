"""Decide which system to run: who meets the requirements, who of them is best, and what a correct answer costs.

1. **Requirements.** Each system has one-sided bounds at the reader's risk: each one is met, failed or
   open (`checks`). Those that meet all with the choice among them counted can be advised.
2. **In doubt** are systems that fail a domain (`useless`), which are not advised. Systems whose costs cannot be
   compared are apart (`cost_basis`).
3. **The objective.** Where answers are worth something: the most net benefit per request,

       worth x accuracy - cost of a wrong answer x (1 - accuracy) - money - carbon price x grams - price x seconds

   Where only requirements are named: the least cost. Where nothing is named: the most accurate system, if none costs
   less per right answer, or two to choose between (`best`). Where no cost is known: the most accurate.
4. **The choice** has the best estimate of the systems that can be advised. Where there is none, the one that is surest
   to meet the requirements is named, with what would tell.
5. **Ties** are the systems that a comparison leaves (`best`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.ties import ALPHA
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.best import Tied, between, other_units, pairwise, tied, tied_with
from wattbench_reports.decision.checks import why_unscored
from wattbench_reports.decision.covarying import VaryingFigure
from wattbench_reports.decision.model import (
    Between,
    Decision,
    HullStep,
    Leader,
    Qualifies,
    SystemDecision,
)
from wattbench_reports.decision.prices import hull_of, steps
from wattbench_reports.decision.problem import Problem
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.surest import surest
from wattbench_reports.metrics.costs import CostFigures, CostUnit
from wattbench_reports.metrics.decision_settings import DecisionSettings, Worth
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.tail_latency import common_tail
from wattbench_reports.stats import Interval, front_not_excluded
from wattbench_reports.stats.fieller import fieller_interval

_RANK = {Qualifies.YES: 0, Qualifies.MAY: 1, Qualifies.NO: 2}


def decide(measured: Measured, paid: Paid, weighed: Weighed, settings: DecisionSettings | None = None) -> Decision:
    """Decide which system of a run to run.

    Args:
        measured, paid, weighed: of the run, under the reader's assumptions.
        settings: other requirements and worths than those of the analysis. A price of a second must be one that the
            analysis was made with.
    """
    problem = Problem(measured, paid, weighed, weighed.settings if settings is None else settings)
    names, costs, chosen = problem.names, problem.basis.costs, problem.chosen
    tie, nearest = _tie(problem), surest(problem)
    tail_share = common_tail(None if each.tail is None else each.tail.share for each in measured.systems.values())
    return Decision(
        unit=None if costs is None else costs.unit,
        label="" if costs is None else costs.label,
        objective=problem.objective,
        settings=problem.settings,
        systems=_rows(problem, tail_share),
        choice_of=len(problem.checked.could_be_advised(problem.able)),
        chosen=None if chosen is None else names[chosen],
        between=_between(problem),
        surest=None if nearest is None else names[nearest],
        best=() if tie is None else tuple(names[each] for each in tie.systems),
        items_to_decide=_items_to_show(problem, nearest) if tie is None else tie.items_to_decide,
        hull=_hull_steps(problem),
        leaders=_leaders(problem),
        tail_share=tail_share,
        why_none=_why_none(problem) if chosen is None else "",
        why_no_cost=problem.basis.why_none if costs is None else "",
        machine=problem.machine,
        sessions=None if problem.figures.sessions is None else problem.figures.sessions.number,
    )


def _tie(problem: Problem) -> Tied | None:
    chosen, covarying = problem.chosen, problem.figures.covarying
    if chosen is None:
        return None
    if problem.objective == "prices" and problem.cost is not None:
        return Tied(
            tied_with(chosen, problem.cost, problem.figures.accuracy, covarying, problem.advisable, problem.alpha), None
        )
    return tied(problem.loss, covarying, chosen, problem.advisable, problem.items, problem.alpha)


def _between(problem: Problem) -> Between | None:
    two, cost = problem.ends, problem.cost
    if two is None or cost is None or two.cheaper == two.dearer:
        return None
    others = other_units(problem.basis, problem.weighed.costs)
    return between(problem.names, two, cost, problem.figures, problem.advisable, others)


def _items_to_show(problem: Problem, nearest: int | None) -> int | None:
    """Return how many further items would decide whether the surest system meets the requirements."""
    if nearest is None or problem.checked.outcomes[nearest] is Qualifies.NO:
        return None
    return problem.checked.further_items(nearest, problem.levels[nearest])


def _why_none(problem: Problem) -> str:
    """Say why no system is chosen, as a clause; empty where there are two to choose between."""
    if problem.ends is not None:
        return ""
    if problem.objective == "benefit" and problem.cost is None:
        return problem.basis.why_none
    if not any(problem.able):
        return _why_no_candidate(problem)
    if problem.objective == "prices":
        return REASONS["none_right"] if problem.figures.accuracy.known.any() else why_unscored(problem.measured)
    checked, able = problem.checked, problem.able
    if all(each == Qualifies.NO for each, some in zip(checked.outcomes, able, strict=True) if some):
        return REASONS["none_meets"]
    unknown = {
        check.reason
        for checks, some in zip(checked.checks, able, strict=True)
        for check in checks
        if some and check.low is None
    }
    if unknown:
        return REASONS["requirements_unknown"].format(reason=min(unknown))
    return REASONS["none_shown"]


def _why_no_candidate(problem: Problem) -> str:
    candidates = problem.measured.contest.candidates
    if not candidates:
        return problem.measured.contest.reason or REASONS["none_takes_part"]
    if not problem.figures.accuracy.known.any():
        return why_unscored(problem.measured) if problem.objective == "accuracy" else problem.basis.why_none
    if not (problem.figures.accuracy.estimates > 0).any():  # unknown ones are NaN
        return REASONS["none_right"]
    if all(name in problem.useless for name in candidates if name not in problem.apart):
        return REASONS["no_domain"]
    return REASONS["none_compared"]


def _rows(problem: Problem, tail_share: float | None) -> tuple[SystemDecision, ...]:
    """Return a row per system, ordered by whether it can be advised and qualifies, then by the objective.

    Args:
        problem: what is decided.
        tail_share: the percentile of latency to show.
    """
    costs, front = _cost_figures(problem), _on_front(problem)
    return tuple(
        _row(problem, number, costs.get(problem.names[number], CostFigures(None, None)), tail_share, front)
        for number in _order(problem)
    )


def _order(problem: Problem) -> list[int]:
    """Return the numbers of the systems in the order of the rows: systems that take no part in the choice are last.

    Where nothing is required, systems of the hull come first: any other is worth its cost only by chance.
    """
    off_hull = set(range(len(problem.names))).difference(_corners(problem)) if problem.objective == "prices" else set()
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
    measures = problem.measured.systems[name]
    return SystemDecision(
        system=name,
        kind=problem.measured.kinds[name],
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
        return _of_unit(problem.measured, problem.paid, problem.weighed, costs.unit)
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


def _of_unit(measured: Measured, paid: Paid, weighed: Weighed, unit: CostUnit) -> Mapping[str, CostFigures]:
    """Return each system's cost in a unit that some system has."""
    base, shares, costs = measured.basis, measured.shares, weighed.costs[unit]
    if unit == CostUnit.JOULES:
        return {name: CostFigures(each.j_per_request, each.j_per_correct) for name, each in measured.systems.items()}
    if unit == CostUnit.MONEY and paid.money is not None:
        return {name: CostFigures(each.per_request, each.per_correct) for name, each in paid.money.systems.items()}
    if unit == CostUnit.SECONDS and weighed.timed is not None:
        both = weighed.timed.per_request_and_correct(shares)
    else:
        parts = {kind: float(np.nanmax(each)) for kind, each in costs.parts.items()}
        both = [intervals(base, parts, shares, per_correct=each) for each in (False, True)]
    return {
        name: CostFigures(None, None) if name in costs.missing else CostFigures(*pair)
        for name, *pair in zip(base.systems, *both, strict=True)
    }


def _adds_cost(worth: Worth | None) -> bool:
    return worth is not None and (worth.carbon_per_tonne > 0 or worth.per_second > 0)


def _hull_steps(problem: Problem) -> tuple[HullStep, ...]:
    """Return the price of a further correct answer from each system of the hull to the next, whatever is required."""
    if problem.cost is None:
        return ()
    return steps(problem.names, problem.cost, problem.figures.accuracy, problem.figures.covarying, _corners(problem))


def _corners(problem: Problem) -> list[int]:
    """Return the systems of the hull by rising cost; empty where no cost is known."""
    if problem.cost is None:
        return []
    usable = [number for number in problem.priced if problem.names[number] not in problem.useless]
    others = [number for number in problem.priced if problem.names[number] in problem.useless]
    accuracies = problem.figures.accuracy.estimates.tolist()
    return hull_of(problem.cost.estimates.tolist(), accuracies, usable, others)


def _leaders(problem: Problem) -> tuple[Leader, ...]:
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


def _on_front(problem: Problem) -> Mapping[int, bool]:
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
