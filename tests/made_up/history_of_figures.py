"""Made-up histories in memory, figure by figure: what trends, alarms and verdicts of nights are tested with."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wattbench_reports.gate.policy import NIGHT_POLICY, Policy
from wattbench_reports.history import History, Night, Reference, alarms, night_changes
from wattbench_reports.history.night_metrics import COLUMNS
from wattbench_reports.history.night_verdict import NightVerdict, night_result

FIRST = datetime.date(2026, 1, 1)

Figures = Mapping[tuple[str, str, str], Sequence[float] | np.ndarray]
"""(System, domain, metric) to a figure per night, NaN where it has none."""


def day(place: int) -> datetime.date:
    """Return the date of a night; 0 is the first."""
    return FIRST + datetime.timedelta(days=place)


def history_of(
    figures: Figures,
    *,
    root: Path = Path("nights"),
    items: int | Mapping[str, int] = 200,
    provenance: str = "",
    conditions: Callable[[int], str] = lambda night: "same",
    gaps: Collection[int] = (),
    reference: Reference | int | None = None,
    node: Callable[[int], str] = lambda night: "",
    canaries: tuple[str, ...] = (),
    days: Sequence[datetime.date] = (),
) -> History:
    """Return a history of given figures.

    Args:
        figures: of each series.
        root: of its runs, none of which is on disk.
        items: that each figure is of; by system where it is a mapping.
        provenance: of joules.
        conditions: of a night.
        gaps: nights without a run.
        reference: the pinned run, or the place of its night.
        node: of a night.
        canaries: systems that never change.
        days: the date of each night; one after the other where they are not given.
    """
    count = len(next(iter(figures.values())))
    dates = list(days) or [day(place) for place in range(count)]
    there = [place for place in range(count) if place not in gaps]
    rows = [
        (f"run-{place:03}", dates[place], system, "generalist", domain, metric, own[place], 0.01,
         items if isinstance(items, int) else items[system], provenance, conditions(place))
        for (system, domain, metric), own in figures.items()
        for place in there
        if np.isfinite(own[place])
    ]  # fmt: skip
    nights = tuple(
        Night(f"run-{place:03}", root / f"run-{place:03}", dates[place], f"{dates[place]}T03:00:00+00:00", None, False,
              "nightly", node(place), canaries)
        for place in there
    )  # fmt: skip
    if isinstance(reference, int):
        reference = Reference(f"run-{reference:03}", "accepted", "ann", day(reference))
    return History(root, nights, pd.DataFrame(rows, columns=list(COLUMNS)), reference)


def judged(history: History, policy: Policy = NIGHT_POLICY) -> NightVerdict:
    """Return the verdict on a history's last night, without changes of code and weights, which only records hold."""
    raised, changes = alarms(history, policy), night_changes(history, policy)
    return NightVerdict(night_result(history, raised, policy, changes), raised, changes)
