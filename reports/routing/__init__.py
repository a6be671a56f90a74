"""Where hybrids sent their items, what another choice would have given, and what choosing cost.

May import: `reports.compare` and what lies beneath it. A router is scored from the answers that its members gave when
they ran alone (`replay`), and that is checked against the hybrid that ran (`check_of`).
"""

from reports.routing.answers import Field, HybridAnswers, field_of, hybrid_answers
from reports.routing.bench import Bench, bench_of
from reports.routing.check import Check, check_of
from reports.routing.choices import Choice, choices_of
from reports.routing.frontier import Frontier, Quality, Spot
from reports.routing.hull import aiq, non_decreasing_hull
from reports.routing.misroutes import Detour, Misroutes
from reports.routing.nearest import NEAREST, Neighbours
from reports.routing.plan import Outcome, Plan, replay
from reports.routing.resident import Resident
from reports.routing.sent import Against, Routing, Sent, Single, routings
from reports.routing.study import Offline, Studies, Study, studies
from reports.routing.sweep import Curve, curve_of

__all__ = [
    "NEAREST",
    "Against",
    "Bench",
    "Check",
    "Choice",
    "Curve",
    "Detour",
    "Field",
    "Frontier",
    "HybridAnswers",
    "Misroutes",
    "Neighbours",
    "Offline",
    "Outcome",
    "Plan",
    "Quality",
    "Resident",
    "Routing",
    "Sent",
    "Single",
    "Spot",
    "Studies",
    "Study",
    "aiq",
    "bench_of",
    "check_of",
    "choices_of",
    "curve_of",
    "field_of",
    "hybrid_answers",
    "non_decreasing_hull",
    "replay",
    "routings",
    "studies",
]
