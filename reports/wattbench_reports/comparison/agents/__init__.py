"""What agents solved, what a solved task took, and where it went."""

from wattbench_reports.comparison.agents.figures import agents_of
from wattbench_reports.comparison.agents.model import (
    AgentFigures,
    CallStep,
    PassHat,
    Reported,
    RuleBand,
    Unassigned,
)

__all__ = ["AgentFigures", "CallStep", "PassHat", "Reported", "RuleBand", "Unassigned", "agents_of"]
