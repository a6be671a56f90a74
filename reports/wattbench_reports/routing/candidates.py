"""Find the systems that a router could choose between.

A candidate takes part in verdicts (the same documents, a rate that it holds, no yardstick), was scored, asks no other
system, and, where costs are compared, has one that can be. A system that is useless alone is a candidate: a specialist
answers nothing outside its domain, and that is what a router is for.
"""

from __future__ import annotations

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.weighed import Weighed
from wattbench_reports.decision.problem import Problem, outside
from wattbench_reports.formatting.units import named

HYBRID = "a hybrid, which asks other systems"
NOT_SCORED = "no answer was scored"
JUDGED = (
    "{tasks} {are} judged: labels correct the mean of what a judge says, and not what it says of one answer, which is "
    "what a router would be chosen by"
)
TOO_FEW = "fewer than two systems could be members of a router"


def candidates(measured: Measured, problem: Problem) -> tuple[tuple[int, ...], dict[str, str]]:
    """Return the columns of the candidates, and why other systems are no candidates, as clauses.

    Args:
        measured: of the run.
        problem: of the decision between its systems.
    """
    recorded = measured.frames.run.systems()
    scored = measured.basis.trials.sum(axis=0) > 0
    apart = {**dict(problem.basis.reasons_apart), **outside(measured)}
    columns, left_out = [], {}
    for number, name in enumerate(measured.basis.systems):
        row = recorded.get(name)
        if (row is not None and row.members) or measured.kinds.get(name) == "hybrid":
            left_out[name] = HYBRID
        elif name in apart:
            left_out[name] = apart[name]
        elif not scored[number]:
            left_out[name] = measured.frames.why_unscored or NOT_SCORED
        else:
            columns.append(number)
    return tuple(columns), left_out


def could_use_router(measured: Measured, paid: Paid, weighed: Weighed) -> bool:
    """Return whether two systems of a run could be members of a router, and the run has no hybrid yet."""
    columns, left_out = candidates(measured, Problem(measured, paid, weighed, weighed.settings))
    return len(columns) > 1 and HYBRID not in left_out.values() and not why_not_routed(measured)


def why_not_routed(measured: Measured) -> str:
    """Return why no choice between systems can be studied item by item, as a clause; empty where it can."""
    judged = measured.frames.judged_tasks
    if judged is None or not judged.counted:
        return ""
    tasks = [task for task in measured.frames.categories("task") if task in judged.counted]
    return JUDGED.format(tasks=named(tasks), are="is" if len(tasks) == 1 else "are")
