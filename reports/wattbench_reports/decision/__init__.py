"""Decides which system to run: requirements, net benefit, and what each further correct answer costs.

    decide_systems.py    the decision, top to bottom
    problem.py           what it is made from; rows.py what it says of each system
    joint_draws.py       how all figures are drawn together: the algorithm that the page's script repeats
    partial_pooling.py   and how those of systems that are nearly alike are
    session_moves.py     what earlier sessions say of another run
    run_figures.py       accuracies and costs of a run, with what they vary by
    cost_basis.py        the unit of costs, and whose costs can be compared
    checks.py            requirements, and latency_limit.py for one of latency
    best.py              P(best), regret and ties
    reasons.py           clauses of what is not known or not chosen
    frontier.py          the hull, its prices (prices.py), the curve (acceptability.py) and the front

May import: `wattbench_reports.comparison` and all below it.
"""

from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.decision.model import (
    Acceptability,
    Check,
    Decision,
    HullStep,
    Leader,
    Objective,
    Qualifies,
    SystemDecision,
    WhichRun,
)

__all__ = [
    "Acceptability",
    "Check",
    "Decision",
    "HullStep",
    "Leader",
    "Objective",
    "Qualifies",
    "SystemDecision",
    "WhichRun",
    "decide",
]
