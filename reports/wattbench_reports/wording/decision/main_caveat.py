"""Choose the one caveat that limits a decision the most."""

from __future__ import annotations

from wattbench_reports.comparability.caveat import Caveat
from wattbench_reports.comparison.analysis import Analysis

FIRST = (
    "mixed-provenance",
    "different-documents",
    "no-items",
    "not-scored",
    "score-filters",
    "not-held",
    "different-tasks",
    "different-device",
    "no-energy",
    "invalid-windows",
    "no-windows",
    "busy-machine",
    "modelled-energy",
    "partly-modelled-energy",
    "failed-requests",
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


def main_caveat(analysis: Analysis) -> Caveat | None:
    """Return the caveat that matters most for the choice of a system; None where none does."""
    weighty = [each for each in analysis.comparison.caveats if each.code not in MINOR]
    order = {code: number for number, code in enumerate(FIRST)}
    return min(weighty, key=lambda each: order.get(each.code, len(FIRST)), default=None)
