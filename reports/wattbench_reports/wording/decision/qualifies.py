"""Say in a table cell whether a system qualifies, by the bounds that tell it."""

from __future__ import annotations

from wattbench_reports.decision.model import Qualifies, SystemDecision
from wattbench_reports.wording.decision.phrases import PHRASES
from wattbench_reports.wording.decision.requirements import bad_side_text, shown_text


def qualifies(system: SystemDecision, choice_of: int, currency: str = "") -> str:
    """Say whether a system qualifies: ``yes: at least 79.1%``, ``open: 74.0% to 83.1%``.

    Args:
        system: one of a decision.
        choice_of: `Decision.choice_of`.
        currency: of money.
    """
    if system.apart:
        return PHRASES["apart"].format(reason=system.apart)
    if system.useless:
        return PHRASES["in_doubt"]
    deciding = [each for each in system.checks if each.outcome is system.qualifies]
    bounds = "; ".join(shown_text(each, currency) for each in deciding if each.low is not None)
    if system.qualifies is Qualifies.MAY:
        reasons = dict.fromkeys(each.reason for each in deciding if each.reason)
        unknown = [PHRASES["may_unknown"].format(reason=reason) for reason in reasons]
        return "; ".join([*unknown, *([PHRASES["may"].format(bounds=bounds)] if bounds else [])])
    if system.qualifies is Qualifies.YES and not system.counted:
        pairs = zip(system.checks, system.counted_bounds, strict=True)
        counted = "; ".join(bad_side_text(check, bound, currency) for check, bound in pairs)
        return PHRASES["alone"].format(bounds=bounds, counted=counted, count=choice_of)
    return PHRASES["yes" if system.qualifies is Qualifies.YES else "no"].format(bounds=bounds)
