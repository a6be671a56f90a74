"""The model of a history: its nights, their figures, the series of these, and the pinned reference."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

EVERYWHERE = ""
"""In place of a domain: all of them together."""


@dataclass(frozen=True)
class Night:
    """One finished run."""

    run: str
    """The name of its directory."""
    root: Path
    date: datetime.date
    created_utc: str
    """ISO 8601."""
    commit: str | None
    """Of the suite's repository; None where the record has none."""
    backfilled: bool
    """It was made up for later."""
    suite: str
    """The suite's name."""
    node: str = ""
    """The machine that measured it, or several, sorted; empty in an older record."""
    canaries: tuple[str, ...] = ()
    """The systems of its suite that never change."""
    opinions: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Task of which there is only a judge's opinion, which is in no figure, to what it lacks, as a clause."""


@dataclass(frozen=True, eq=False)
class History:
    """All finished runs of a folder of nights."""

    root: Path
    nights: tuple[Night, ...]
    """Oldest first. Of several runs of one suite and date the last to begin counts for trends."""
    values: pd.DataFrame
    """Columns `wattbench_reports.history.night_metrics.COLUMNS`: a row per run, system, domain and figure; none where
    there is none."""
    reference: Reference | None
    """The pinned run, where one is pinned and is here."""
    notes: tuple[str, ...] = ()
    """What a reader should know: runs that were left out and why, a reference that is gone."""

    def night(self, run: str) -> Night:
        """Return the night of a run of this history."""
        return next(night for night in self.nights if night.run == run)

    def reference_night(self) -> Night:
        """Return the pinned night of a history that has a reference."""
        assert self.reference is not None
        return self.night(self.reference.run)

    def series_nights(self) -> tuple[Night, ...]:
        """Return the nights of the series: of the last night's suite, one per date, oldest first."""
        nights = [night for night in self.nights if night.suite == self.nights[-1].suite] if self.nights else []
        return tuple({night.date: night for night in nights}.values())


@dataclass(frozen=True)
class TrendPoint:
    """One calendar date of a series."""

    date: datetime.date
    run: str | None
    """None where no run is of that night."""
    value: float | None
    """None: there is no figure, and the series has a gap. In the unit of the trend."""
    standard_error: float | None = None
    """With the items as the sample; None where it is not known."""
    items: int = 0
    provenance: str = ""
    conditions: str = ""
    """Two points of a series can be set side by side where these are equal, and they are of one machine."""
    node: str = ""
    """The machine that measured it, where the figure depends on the machine and the record names it."""


def comparable(first: TrendPoint, second: TrendPoint) -> bool:
    """Return whether two points may be compared: same conditions and machine. An unnamed machine matches any other."""
    return first.conditions == second.conditions and (first.node == second.node or not (first.node and second.node))


@dataclass(frozen=True)
class Change:
    """A change of one series."""

    date: datetime.date
    """Of the first night after it."""
    run: str
    before: float
    """The level until then, in the unit of the trend."""
    after: float
    """Of the nights from then on that were the first to show it."""
    shift: float
    """Of accuracy the difference (-0.02: 2 points lower), of others the share by which it is higher."""
    limit: float
    """The change beyond which those nights were, as `shift`."""
    nights: int
    """Those nights."""
    shown: datetime.date | None = None
    """The night that was the first to show it. None: not known."""


@dataclass(frozen=True)
class Trend:
    """One series."""

    system: str
    domain: str
    """Empty: all together."""
    metric: str
    unit: str
    """``share``, ``s``, ``J`` or ``tokens``."""
    points: tuple[TrendPoint, ...]
    """One for every calendar date from the first night to the last."""
    changes: tuple[Change, ...]
    """In order."""
    machine: str = ""
    """Of a history with several, where the metric depends on it: the one whose nights these are; others have no run."""


@dataclass(frozen=True)
class Reference:
    """The pinned run, the reason for it, and its reviewer."""

    run: str
    """The name of a run in the history."""
    reason: str
    reviewed_by: str
    date: datetime.date
    """When it was pinned."""
