"""What agents solved, what a solved task took, and where it went."""

from wattbench_reports.comparison.agents.figures import agents_of
from wattbench_reports.comparison.agents.model import (
    AgentFigures,
    Band,
    PassHat,
    Reported,
    Step,
    Unassigned,
)

__all__ = ["AgentFigures", "Band", "PassHat", "Reported", "Step", "Unassigned", "agents_of"]
