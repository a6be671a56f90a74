"""Find the system that is nearest to being shown to meet the requirements."""

from __future__ import annotations

from wattbench_reports.decision.checks import SAME_RISK
from wattbench_reports.decision.model import SHARE, Check, Qualifies
from wattbench_reports.decision.problem import Problem


def surest(problem: Problem) -> int | None:
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
