"""Decide which system to run: who meets the requirements, who of them is best, and what a correct answer costs.

1. **Requirements.** Of each system the probability that it meets each one, and all together: it meets them from .95 on,
   fails them below .05, and may in between.
2. **Useless systems** are never chosen (`useless`). Systems whose costs cannot be compared are apart (`cost_basis`).
3. **The objective.** Where answers are worth something: the most net benefit per request,

       worth x accuracy - cost of a wrong answer x (1 - accuracy) - money - carbon price x grams - price x seconds

   Where only requirements are named: the least cost. Where nothing is named nothing is chosen: the price of a further
   correct answer is stated. Where no cost is known: the most accurate.
4. **The choice** has the best estimate of the systems that meet the requirements; where none is sure to, of those that
   are more likely than not to, or whose figures all keep their bounds; else there is none.
5. **How sure that is**: `best`, in draws of all figures together (`joint_draws`), in which nearly alike systems are
   pooled (`partial_pooling`).
"""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.best import chances, choose, tied
from wattbench_reports.decision.frontier import curve, hull_steps
from wattbench_reports.decision.model import Decision, Qualifies
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
    names, loss, draws, costs = problem.names, problem.loss, problem.figures.draws, problem.basis.costs
    chosen = choose(loss, problem.able, problem.checked) if problem.chooses else None
    odds = chances(problem.loss_draws, problem.checked.met, problem.able) if problem.chooses else None
    tie = None if chosen is None else tied(loss, draws, chosen, problem.able, problem.checked, problem.items)
    tail_share = common_tail(each.tail_share for each in analysis.comparison.systems)
    return Decision(
        unit=None if costs is None else costs.unit,
        label="" if costs is None else costs.label,
        objective=problem.objective,
        settings=problem.settings,
        systems=rows(problem, odds, tail_share),
        chosen=None if chosen is None else names[chosen],
        best=() if tie is None else tuple(names[each] for each in tie.systems),
        items_to_decide=None if tie is None else tie.items_to_decide,
        hull=hull_steps(problem),
        acceptability=curve(problem),
        tail_share=tail_share,
        why_none=_why_none(problem) if chosen is None else "",
        why_no_cost=problem.basis.why_none if costs is None else "",
        machine=problem.machine,
        sessions=None if problem.figures.sessions is None else problem.figures.sessions.number,
    )


def _why_none(problem: Problem) -> str:
    """Say why no system is chosen, as a clause; empty where nothing is required and the reader is to choose."""
    if problem.objective == "prices":
        return "" if any(problem.able) else _why_no_candidate(problem)
    if not problem.chooses:
        return problem.basis.why_none
    if not any(problem.able):
        return _why_no_candidate(problem)
    checked, able = problem.checked, problem.able
    if all(each == Qualifies.NO for each, some in zip(checked.outcomes, able, strict=True) if some):
        return REASONS["none_meets"]
    unknown = {
        check.reason
        for checks, some in zip(checked.checks, able, strict=True)
        for check in checks
        if some and check.p_met is None
    }
    if unknown:
        return REASONS["requirements_unknown"].format(reason=min(unknown))
    return REASONS["none_likely"]


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
