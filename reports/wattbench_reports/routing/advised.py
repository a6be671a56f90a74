"""Say which single system a router is held against: the one that is advised for the same objective and requirements."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench_reports.decision.model import Decision, Qualifies


def advised(decision: Decision, candidates: Sequence[str]) -> str | None:
    """Return the system that is advised of those that a router could choose between.

    Args:
        decision: between the systems of the run. Its rows are those that meet the requirements first, the best by the
            objective first.
        candidates: names. A hybrid is none: where it is advised, it is the first of these that meets the requirements.

    Returns:
        None where nothing is advised, or where nothing is required and the advised system is not a candidate.
    """
    if decision.chosen is None or decision.chosen in candidates:
        return decision.chosen
    if decision.objective == "prices":
        return None
    meeting = (
        each.system
        for each in decision.systems
        if each.qualifies is Qualifies.YES and not each.useless and not each.apart and each.system in candidates
    )
    return next(meeting, None)
