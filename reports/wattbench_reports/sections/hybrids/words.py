"""Format the values of passages on hybrids."""

from __future__ import annotations

import math

from wattbench_reports.formatting import units
from wattbench_reports.routing.hybrids.other_choices import Choice
from wattbench_reports.routing.hybrids.replay import Outcome
from wattbench_reports.routing.hybrids.routing_summary import Routing
from wattbench_reports.stats import Interval

_NAMES = {
    "live": "hybrid, live",
    "replayed": "hybrid, replayed",
    "domain": "oracle: best member per domain",
    "item": "oracle: best member per item",
    "single": "best single member: {name}",
    "chance": "random member",
    "shuffled": "hybrid's routes, shuffled",
    "always": "always {name}",
    "file": "{name} (file)",
}


def choice_name(choice: Choice, items: int) -> str:
    """Name a choice of members: ``best single member: small``; with its items if it has fewer than the others.

    Args:
        choice: of a study.
        items: of the others.
    """
    name = _NAMES[choice.kind].format(name=choice.name)
    fewer = len(choice.outcome.rows) < items
    return f"{name}, {units.plural(len(choice.outcome.rows), 'item')}" if fewer else name


def absent(each: Routing) -> str:
    """Name a hybrid's members that are not in the run: ``a and b are not systems of ...``."""
    verb = "is not a system of its own" if len(each.missing) == 1 else "are not systems of their own"
    return f"{units.named(each.missing)} {verb} in this run"


def points(share: float) -> str:
    """Format a difference of two shares: ``−1.2 points``."""
    return f"{100 * share:.1f} points".replace("-", "−")


def signed(value: float, unit: str) -> str:
    """Format a quantity that may be below 0: ``−1.20 J``."""
    return units.quantity(value, unit).replace("-", "−")


def joules(value: float | None) -> str:
    """Format joules: ``4.20 J``; ``none correct`` where there is no correct answer to divide by."""
    if value is not None and math.isinf(value):
        return "none correct"
    return units.quantity(value, "J")


def joules_interval(difference: Interval | None) -> str:
    """Format a difference of joules: ``−4.20 [−5.10, −3.30] J``, a dash where there is none."""
    if difference is None:
        return units.NONE
    if math.isinf(difference.high):
        return f"{units.quantity(difference.estimate, 'J')} [−∞, ∞]".replace("-", "−")
    return units.quantity_interval(difference, "J").replace("-", "−")


def latency(outcome: Outcome) -> str:
    """Format the mean latency of a request; a dash where it is not known."""
    return units.quantity(outcome.mean_s, "s")
