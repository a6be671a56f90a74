"""Choose the one caveat that limits a decision the most."""

from __future__ import annotations

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.decision.model import Decision
from wattbench_reports.metrics.costs import CostUnit

FIRST = (
    "unread-answers",
    "strict-scoring",
    "cut-replies",
    "mixed-provenance",
    "few-in-common",
    "different-documents",
    "trials",
    "equal-texts",
    "no-items",
    "not-scored",
    "shard",
    "stopped",
    "not-held",
    "client-late",
    "held-here",
    "different-tasks",
    "different-device",
    "invalid-windows",
    "no-windows",
    "busy-machine",
    "no-energy",
    "modelled-energy",
    "partly-modelled-energy",
    "failed-requests",
    "rescored",
    "unmetered-items",
    "imported",
    "not-timed",
    "no-intensity",
    "hours-missing",
    "none-correct",
    "few-requests",
)
"""Codes of caveats, those first that can change which system is advised."""

MINOR = frozenset({"yardstick", "one-load"})
"""Codes of caveats that change nothing about the choice."""


OF_JOULES = frozenset({"mixed-provenance", "no-energy", "modelled-energy", "partly-modelled-energy", "unmetered-items"})
"""Codes of caveats that change little where costs are money."""


def main_caveat(analysis: Analysis, decision: Decision | None = None) -> Caveat | None:
    """Return the caveat that matters most for the choice of a system; None where none does.

    Args:
        analysis: of a run.
        decision: made from it; where its costs are money, caveats on joules count less.
    """
    in_money = decision is not None and decision.unit is CostUnit.MONEY
    minor = MINOR | OF_JOULES if in_money else MINOR
    weighty = [each for each in analysis.comparison.caveats if each.code not in minor]
    order = {code: number for number, code in enumerate(FIRST)}
    return min(weighty, key=lambda each: order.get(each.code, len(FIRST)), default=None)
