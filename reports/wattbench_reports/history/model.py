"""The model of a history: its nights, their figures, and the pinned reference."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattbench_reports.history.reference import Reference

if TYPE_CHECKING:
    import pandas as pd

OUTPUT_TOKENS = "output_tokens"
"""The one figure of a night that no gate judges: tokens per answer, on average."""

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
