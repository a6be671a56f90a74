"""Say in a sentence that systems were dropped during a run, by what, and what their bounds mean."""

from __future__ import annotations

from wattbench_reports.comparison.dropped import DroppedSystems
from wattbench_reports.decision.dropping import risk_of_bounds
from wattbench_reports.formatting import units
from wattbench_reports.wording.decision.requirements import full_text

TITLE = "Not asked to the end"


def dropped_line(dropped: DroppedSystems) -> str:
    """Say how many systems were dropped, and by what."""
    they, one = ("it", "it") if len(dropped.systems) == 1 else ("they", "one of them")
    return (
        f"{dropped_clause(dropped).rstrip('.')}: {they} could not be chosen for {goal(dropped)}. Other settings might "
        f"choose {one}."
    )


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
        f"The best system is dropped, or one of equally good systems called the best, with a probability of at most "
        f"{units.percent_of(dropped.error)}."
    )
    risk = risk_of_bounds(dropped)
    if risk is None:
        return error
    return (
        f"{error} Brackets hold at whichever look a system was dropped: each bound is wrong with a risk of at most "
        f"{units.digits(100 * risk)}%, so that they are wider than the 95% intervals of other tables."
    )
