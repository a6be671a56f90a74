"""Decide which system to run: requirements, net benefit, and what each further correct answer costs.

    decide_systems.py    the decision, top to bottom
    problem.py           what it is made from; rows.py what it says of each system
    run_figures.py       accuracies and costs of a run, with what they vary by
    covarying.py         how they vary together; session_moves.py what earlier sessions say of another run
    cost_basis.py        the unit of costs, and whose costs can be compared
    checks.py            requirements, by the bounds of bounds.py; latency_limit.py for one of latency
    useless.py           systems that fail a domain
    dropping.py          which systems a run stops asking; surest.py the one nearest to the requirements
    best.py              ties; between.py the choice where nothing is required
    reasons.py           clauses of what is not known or not chosen
    frontier.py          the hull, its prices (prices.py) and the front

May import: `wattbench_reports.comparison` and all below it.
"""

from wattbench_reports.decision.decide_systems import decide
from wattbench_reports.decision.model import (
    Between,
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
    "Between",
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
