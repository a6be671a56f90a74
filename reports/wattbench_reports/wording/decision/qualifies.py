"""Say in a table cell whether a system qualifies, and by what it fails."""

from __future__ import annotations

from wattbench_reports.decision.model import Qualifies, SystemDecision
from wattbench_reports.formatting import units
from wattbench_reports.wording.decision.advice import failing_checks
from wattbench_reports.wording.decision.phrases import PHRASES
from wattbench_reports.wording.decision.requirements import short_text


def qualifies(system: SystemDecision, currency: str = "") -> str:
    """Say whether a system qualifies: ``yes (97%)``, ``may (58%)``, ``no: accuracy 25.0%``.

    Args:
        system: one of a decision.
        currency: of money.
    """
    if system.apart:
        return PHRASES["apart"].format(reason=system.apart)
    if system.useless:
        return PHRASES["no_useless"].format(useless=system.useless)
    if system.qualifies is Qualifies.NO:
        return PHRASES["no"].format(figures=", ".join(short_text(each, currency) for each in failing_checks(system)))
    if system.p_qualifies is None:
        reasons = dict.fromkeys(each.reason for each in system.checks if each.reason)
        return PHRASES["may_unknown"].format(reason="; ".join(reasons))
    sure = units.certainty(system.p_qualifies)
    return PHRASES["yes" if system.qualifies is Qualifies.YES else "may"].format(sure=sure)
