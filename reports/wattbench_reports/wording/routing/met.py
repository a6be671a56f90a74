"""Say whether a way to choose systems meets what is required, by the bounds of its figures."""

from __future__ import annotations

import math
from collections.abc import Sequence

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.formatting import units
from wattbench_reports.routing.model import RequirementMet, RoutingChoice
from wattbench_reports.wording.decision.requirements import quantity_text, value_text
from wattbench_reports.wording.routing.phrases import PHRASES

_RANK = {Qualifies.YES: 0, Qualifies.MAY: 1, Qualifies.NO: 2}


def qualifies_text(choice: RoutingChoice, currency: str = "") -> str:
    """Say whether a choice meets its requirements: ``yes``, ``no: accuracy 61.2%, 59.0% to 63.4%``.

    Args:
        choice: with its requirements.
        currency: of money.
    """
    if choice.qualifies is Qualifies.YES:
        return str(choice.qualifies)
    return f"{choice.qualifies}: {figures_that_are(choice, choice.qualifies, currency)}"


def met_figures(choice: RoutingChoice, currency: str = "") -> str:
    """List the figures of all requirements, with their bounds; empty without requirements."""
    return units.listed([_figure(each, currency) for each in choice.met])


def figures_that_are(choice: RoutingChoice, outcome: Qualifies, currency: str = "") -> str:
    """List the figures of the requirements that have one outcome, with their bounds."""
    return units.listed([_figure(each, currency) for each in choice.met if each.outcome is outcome])


def _figure(met: RequirementMet, currency: str) -> str:
    """Format a figure with its one-sided bounds: ``accuracy 70.2%, 68.4% to 72.0%``."""

    def value(each: float | None) -> str:
        if each is None:
            return units.NONE
        return value_text(met.requirement, each, currency) if math.isfinite(each) else ("∞" if each > 0 else "−∞")

    name = quantity_text(met.requirement)
    if met.low is None or met.high is None:
        return f"{name} {value(met.estimate)}"
    return PHRASES["within"].format(figure=name, value=value(met.estimate), low=value(met.low), high=value(met.high))


def nearest_choice(choices: Sequence[RoutingChoice]) -> RoutingChoice:
    """Return the choice that comes nearest to its requirements.

    One that may meet it before one that does not; of those alike the one whose figures together are the smallest share
    away from their bounds.
    """
    return min(choices, key=lambda each: (_RANK[each.qualifies], sum(map(_shortfall, each.met))))


def _shortfall(met: RequirementMet) -> float:
    """Return how far a figure is on the wrong side of its bound, as a share of the bound."""
    if met.estimate is None:
        return 1.0
    above = met.estimate - met.requirement.bound
    short = -above if met.requirement.quantity == "accuracy" else above
    return max(0.0, short) / met.requirement.bound if met.requirement.bound > 0 else max(0.0, short)
