"""Say in a sentence that systems were dropped during a run, by what, and what their bounds mean."""

from __future__ import annotations

from wattbench_reports.comparison.dropped import DroppedSystems
from wattbench_reports.decision.dropping import risk_of_bounds
from wattbench_reports.formatting import units
from wattbench_reports.wording.decision.requirements import full_text

TITLE = "Not asked to the end"


def dropped_line(dropped: DroppedSystems) -> str:
    """Say how many systems were dropped, and by what."""
    one = len(dropped.systems) == 1
    return (
        f"{dropped_clause(dropped).rstrip('.')}: {'it' if one else 'they'} could not be the choice for "
        f"{goal(dropped)}. Under other requirements, or another objective, {'it' if one else 'one of them'} might be."
    )


def systems_line(systems: int, dropped: DroppedSystems | None) -> str:
    """Say how many systems a run has: ``7 systems, 3 of them not asked to the end``.

    Args:
        systems: that were asked to the end.
        dropped: those that were not.
    """
    if dropped is None:
        return units.plural(systems, "system")
    return f"{units.plural(dropped.began, 'system')}, {len(dropped.systems)} of them not asked to the end"


def dropped_clause(dropped: DroppedSystems) -> str:
    """Say how many systems were dropped."""
    were = "was" if len(dropped.systems) == 1 else "were"
    return f"{len(dropped.systems)} of {units.plural(dropped.began, 'system')} {were} dropped during the run."


def goal(dropped: DroppedSystems) -> str:
    """Name what systems were chosen by: ``the least joules, with an accuracy of at least 80%``."""
    objective = dropped.systems[0].look.objective
    goals = {
        "benefit": "the highest net benefit",
        "accuracy": "the highest accuracy",
        "prices": f"accuracy and {dropped.unit or 'cost'}",
    }
    needed = [full_text(each, dropped.currency) for each in dropped.settings.requirements]
    named = goals.get(objective, f"the least {dropped.unit or 'cost'}")
    return f"{named}, with {units.listed(needed)}" if needed else named


def bounds_line(dropped: DroppedSystems) -> str:
    """Say what the bounds of dropped systems mean, and the error of the run."""
    error = (
        "The probability that the best system was dropped, or that one of equally good systems is called the best, is "
        f"at most {units.percent_of(dropped.error)}, if blocks differ by chance alone."
    )
    risk = risk_of_bounds(dropped)
    if risk is None:
        return error
    return (
        f"{error} Brackets are wider than the 95% intervals of other tables: each bound is wrong with a risk of at "
        f"most {units.digits(100 * risk)}%, no matter after which block its system was dropped."
    )
