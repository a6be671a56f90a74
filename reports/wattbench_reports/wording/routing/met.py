"""Say whether a way to choose systems meets what is required."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.decision.model import Qualifies
from wattbench_reports.formatting import units
from wattbench_reports.routing.judge import FAILS, p_qualifies
from wattbench_reports.routing.model import RequirementMet, RoutingChoice
from wattbench_reports.wording.decision.requirements import quantity_text, value_text


def sure(choice: RoutingChoice) -> str | None:
    """Format the probability that all requirements are met together; None without any, or where one is not
    known."""
    together = p_qualifies(choice.met)
    return units.certainty(together) if choice.met and together is not None else None


def qualifies_text(choice: RoutingChoice, currency: str = "") -> str:
    """Say whether a choice meets what is required: ``yes (97%)``, ``may (58%)``, ``no: accuracy 61.2%``.

    Args:
        choice: with its requirements.
        currency: of money.
    """
    if choice.qualifies is Qualifies.NO:
        return f"no: {failed_figures(choice, currency)}"
    known = sure(choice)
    return f"{choice.qualifies} ({known})" if known else str(choice.qualifies)


def failed_figures(choice: RoutingChoice, currency: str = "") -> str:
    """List the figures that do not meet what is required; where none is alone, the least probable."""
    failed = [each for each in choice.met if each.p_met is not None and each.p_met < FAILS]
    known = sorted((each for each in choice.met if each.p_met is not None), key=lambda each: each.p_met or 0.0)
    return units.listed([_figure(each, currency) for each in failed or known[:1]])


def _figure(met: RequirementMet, currency: str) -> str:
    value = units.NONE if met.estimate is None else value_text(met.requirement, met.estimate, currency)
    return f"{quantity_text(met.requirement)} {value}"


def nearest_choice(choices: Sequence[RoutingChoice]) -> RoutingChoice:
    """Return the choice that comes nearest to what is required.

    The one that most probably meets it; of those alike the one whose figures together are the smallest share away from
    their bounds.
    """
    return min(choices, key=lambda each: (-(p_qualifies(each.met) or 0.0), sum(map(_shortfall, each.met))))


def _shortfall(met: RequirementMet) -> float:
    """How far a figure is from its bound on the wrong side, as a share of the bound."""
    if met.estimate is None:
        return 1.0
    above = met.estimate - met.requirement.bound
    short = -above if met.requirement.quantity == "accuracy" else above
    return max(0.0, short) / met.requirement.bound if met.requirement.bound > 0 else max(0.0, short)
