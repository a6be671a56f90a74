"""Find the systems that a router could choose between.

A candidate takes part in verdicts (the same documents, a rate that it holds, no yardstick), was scored, asks no other
system, and, where costs are compared, has one that can be. A system that is useless alone is a candidate: a specialist
answers nothing outside its domain, and that is what a router is for.
"""

from __future__ import annotations

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.problem import Problem, outside

HYBRID = "a hybrid, which asks other systems"
NOT_SCORED = "no answer was scored"
TOO_FEW = "fewer than two systems could be members of a router"


def candidates(analysis: Analysis, problem: Problem) -> tuple[tuple[int, ...], dict[str, str]]:
    """Return the columns of the candidates, and why other systems are no candidates, as clauses.

    Args:
        analysis: of the run.
        problem: of the decision between its systems.
    """
    recorded = analysis.frames.run.systems()
    scored = analysis.basis.trials.sum(axis=0) > 0
    apart = {**dict(problem.basis.reasons_apart), **outside(analysis)}
    columns, left_out = [], {}
    for number, name in enumerate(analysis.basis.systems):
        row = recorded.get(name)
        if (row is not None and row.members) or analysis.kinds.get(name) == "hybrid":
            left_out[name] = HYBRID
        elif name in apart:
            left_out[name] = apart[name]
        elif not scored[number]:
            left_out[name] = NOT_SCORED
        else:
            columns.append(number)
    return tuple(columns), left_out


def could_use_router(analysis: Analysis) -> bool:
    """Return whether two systems of a run could be members of a router, and the run has no hybrid yet."""
    columns, left_out = candidates(analysis, Problem(analysis, analysis.decide))
    return len(columns) > 1 and HYBRID not in left_out.values()
