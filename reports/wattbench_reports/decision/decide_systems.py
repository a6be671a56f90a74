"""Decide which system to run: who meets the requirements, who of them is best, and what a correct answer costs.

1. **Requirements.** Each system has one-sided bounds at the reader's risk: each one is met, failed or
   open (`checks`). Those that meet all with the choice among them counted can be advised.
2. **In doubt** are systems that fail a domain (`useless`), which are not advised. Systems whose costs cannot be
   compared are apart (`cost_basis`).
3. **The objective.** Where answers are worth something: the most net benefit per request,

       worth x accuracy - cost of a wrong answer x (1 - accuracy) - money - carbon price x grams - price x seconds

   Where only requirements are named: the least cost. Where nothing is named: the most accurate system, if none costs
   less per right answer, or two to choose between (`between`). Where no cost is known: the most accurate.
4. **The choice** has the best estimate of the systems that can be advised. Where there is none, the one that is surest
   to meet the requirements is named, with what would tell.
5. **Ties** are the systems that a comparison leaves (`best`).
"""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.best import Tied, tied
from wattbench_reports.decision.between import between, other_units, tied_with
from wattbench_reports.decision.checks import SAME_RISK
from wattbench_reports.decision.frontier import hull_steps, leaders
from wattbench_reports.decision.model import SHARE, Between, Check, Decision, Qualifies
from wattbench_reports.decision.problem import Problem
from wattbench_reports.decision.reasons import REASONS
from wattbench_reports.decision.rows import rows
from wattbench_reports.metrics.decision_settings import DecisionSettings
from wattbench_reports.metrics.tail_latency import common_tail


def decide(analysis: Analysis, settings: DecisionSettings | None = None) -> Decision:
    """Decide which system of a run to run.

    Args:
        analysis: of the run, under the reader's assumptions.
        settings: other requirements and worths than those of the analysis. A price of a second must be one that the
            analysis was made with.
    """
    problem = Problem(analysis, analysis.decide if settings is None else settings)
    names, costs, chosen = problem.names, problem.basis.costs, problem.chosen
    tie, surest = _tie(problem), _surest(problem)
    tail_share = common_tail(each.tail_share for each in analysis.comparison.systems)
    return Decision(
        unit=None if costs is None else costs.unit,
        label="" if costs is None else costs.label,
        objective=problem.objective,
        settings=problem.settings,
        systems=rows(problem, tail_share),
        choice_of=len(problem.checked.could_be_advised(problem.able)),
        chosen=None if chosen is None else names[chosen],
        between=_between(problem),
        surest=None if surest is None else names[surest],
        best=() if tie is None else tuple(names[each] for each in tie.systems),
        items_to_decide=_items_to_show(problem, surest) if tie is None else tie.items_to_decide,
        hull=hull_steps(problem),
        leaders=leaders(problem),
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
        return Tied(tied_with(chosen, problem.cost, problem.figures.accuracy, covarying, problem.advisable), None)
    return tied(problem.loss, covarying, chosen, problem.advisable, problem.items)


def _between(problem: Problem) -> Between | None:
    two, cost = problem.ends, problem.cost
    if two is None or cost is None or two.cheaper == two.dearer:
        return None
    others = other_units(problem.basis, problem.analysis.costs)
    return between(problem.names, two, cost, problem.figures, problem.advisable, others)


def _surest(problem: Problem) -> int | None:
    """Return the system nearest to being shown to meet the requirements. None if one is chosen or none is known.

    It is the one with the least risk, of equals the best by the objective; of those that fail a requirement, the one
    whose figures together are the smallest share away from their bounds.
    """
    checked = problem.checked
    able = [number for number, some in enumerate(problem.able) if some and checked.least_risk(number) is not None]
    if problem.chosen is not None or not problem.settings.requirements or not able:
        return None
    return min(
        able,
        key=lambda each: (
            checked.outcomes[each] is Qualifies.NO,
            sum(map(_shortfall, checked.checks[each])) if checked.outcomes[each] is Qualifies.NO else 0.0,
            round(checked.least_risk(each) or 0.0, SAME_RISK),
            float(problem.loss.estimates[each]),
            problem.names[each],
        ),
    )


def _shortfall(check: Check) -> float:
    """Return how far a figure misses its bound, as a share of the bound; 0 where it keeps the bound."""
    bound = check.requirement.bound
    if check.within is not None:
        return max(0.0, SHARE - check.within) / SHARE
    if check.estimate is None:
        return 1.0
    above = check.estimate - bound
    short = -above if check.requirement.quantity == "accuracy" else above
    return max(0.0, short) / bound if bound > 0 else max(0.0, short)


def _items_to_show(problem: Problem, surest: int | None) -> int | None:
    """Return how many further items would decide whether the surest system meets the requirements."""
    if surest is None or problem.checked.outcomes[surest] is Qualifies.NO:
        return None
    return problem.checked.further_items(surest, problem.levels[surest])


def _why_none(problem: Problem) -> str:
    """Say why no system is chosen, as a clause; empty where there are two to choose between."""
    if problem.ends is not None:
        return ""
    if problem.objective == "benefit" and problem.cost is None:
        return problem.basis.why_none
    if not any(problem.able):
        return _why_no_candidate(problem)
    if problem.objective == "prices":
        return REASONS["none_right" if problem.figures.accuracy.known.any() else "scored"]
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
    candidates = problem.analysis.contest.candidates
    if not candidates:
        return problem.analysis.contest.reason or REASONS["none_takes_part"]
    if not problem.figures.accuracy.known.any():
        return REASONS["scored"] if problem.objective == "accuracy" else problem.basis.why_none
    if not (problem.figures.accuracy.estimates > 0).any():  # unknown ones are NaN
        return REASONS["none_right"]
    if all(name in problem.useless for name in candidates if name not in problem.apart):
        return REASONS["no_domain"]
    return REASONS["none_compared"]
