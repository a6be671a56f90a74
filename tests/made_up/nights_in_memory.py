"""A history of given figures, without any record on disk."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wattbench_reports.history import History, Night, Reference
from wattbench_reports.history.night_metrics import COLUMNS

FIRST = datetime.date(2026, 1, 1)

Figures = Mapping[tuple[str, str, str], Sequence[float] | np.ndarray]
"""(System, domain, metric) to a figure for each night, NaN where it has none."""


def day(place: int) -> datetime.date:
    """Place 0 is the first night's date."""
    return FIRST + datetime.timedelta(days=place)


def history_of(
    figures: Figures,
    root: Path = Path("nights"),
    *,
    items: int = 200,
    provenance: str = "",
    conditions: Callable[[int], str] = lambda night: "same",
    gaps: Collection[int] = (),
    reference: Reference | None = None,
    node: Callable[[int], str] = lambda night: "",
    canaries: tuple[str, ...] = (),
    days: Sequence[datetime.date] | None = None,
) -> History:
    """Return the history.

    Args:
        figures: of every series.
        root: where it would be.
        items: of each night.
        provenance: of joules.
        conditions: of the night of a place.
        gaps: places without a run.
        reference: the pinned run: ``run-003`` is that of place 3.
        node: the machine of the night of a place.
        canaries: the systems that never change.
        days: the date of each place; None: one after the other.
    """
    count = len(next(iter(figures.values())))
    dates = [day(place) for place in range(count)] if days is None else list(days)
    there = [place for place in range(count) if place not in gaps]
    rows = [
        (f"run-{place:03}", dates[place], system, "generalist", domain, metric, own[place], 0.01, items, provenance,
         conditions(place))
        for (system, domain, metric), own in figures.items()
        for place in there
        if np.isfinite(own[place])
    ]  # fmt: skip
    nights = tuple(
        Night(f"run-{place:03}", root / f"run-{place:03}", dates[place], f"{dates[place]}T03:00:00+00:00", None, False,
              "nightly", node(place), canaries)
        for place in there
    )  # fmt: skip
    return History(root, nights, pd.DataFrame(rows, columns=list(COLUMNS)), reference)
