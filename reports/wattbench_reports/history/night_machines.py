"""Keep the nights of several machines apart: seconds and joules of two machines are not one series.

Where a history has nights of several machines, each has series of its own of what depends on the machine: it is judged
by its own nights, and a new machine is no change of any. Scores, and the number of tokens, are of all. For people the
series of all machines are one, with a break where the machine changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattbench_reports.comparability.rules import FORBIDS
from wattbench_reports.history.model import Night, Trend, TrendPoint
from wattbench_reports.metrics.registry import FIGURES


def depends_on_machine(metric: str) -> bool:
    """Return whether a metric of a history depends on the machine: all but scores and tokens."""
    return FIGURES[metric].figure in FORBIDS["device"]


def machine_of_night(nights: Sequence[Night]) -> dict[str, str]:
    """Map each run to the machine whose series its night is of; empty where all nights are of one machine.

    A night of an older record, which names none, is of the next one that is named, as records begin to name a machine
    with an update of wattbench; after the last of the one before.

    Args:
        nights: oldest first.
    """
    machines: dict[str, str] = {}
    after = next((night.node for night in reversed(nights) if night.node), "")
    for night in reversed(nights):
        after = night.node or after
        machines[night.run] = after
    several = len(set(machines.values())) > 1
    return {night.run: machines[night.run] if several else "" for night in nights}


def over_machines(trends: Sequence[Trend]) -> Trend:
    """Return the series of all machines as one: each date has the point of the machine that measured it."""
    first, *others = trends
    if not others:
        return first
    points = tuple(_measured(of_date) for of_date in zip(*(trend.points for trend in trends), strict=True))
    changes = sorted((change for trend in trends for change in trend.changes), key=lambda change: change.date)
    return replace(first, points=points, changes=tuple(changes), machine="")


def _measured(of_date: Sequence[TrendPoint]) -> TrendPoint:
    return max(of_date, key=lambda point: (point.value is not None, point.run is not None))
