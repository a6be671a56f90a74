"""`wattbench.history`: the nights of a folder as data frames, and as the rows that the command lists."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattbench.nights import NightsLayout, kept_runs, kept_verdicts
from wattbench.progress.notices import stdout_to_stderr
from wattbench.records.files.regular_file import read_record
from wattbench_reports.export.gate import result_of_json
from wattbench_reports.history import load_history, query, trends
from wattbench_reports.history.listing import (
    NIGHT_COLUMNS,
    SERIES_COLUMNS,
    TEXT_COLUMNS,
    TEXT_FIGURES,
    night_rows,
    series_rows,
    series_texts,
)

if TYPE_CHECKING:
    import pandas as pd


def history(folder: str | os.PathLike[str]) -> History:
    """Open a history: the folder of nights that `wattbench nightly` keeps.

    Raises:
        UserError: there is no history.
    """
    return History(NightsLayout(Path(folder)).existing())


class History:
    """A folder of nights. Every call reads what is there now. Needs ``pip install 'wattbench[history]'``."""

    def __init__(self, layout: NightsLayout) -> None:
        self._layout = layout

    @property
    def path(self) -> Path:
        """The folder of the history."""
        return self._layout.root

    def nights(self) -> pd.DataFrame:
        """Return one row per night and per gap between nights, with its verdict; then runs that are not finished.

        Raises:
            UserError: a verdict or the pinned reference is damaged.
            MissingExtraError: DuckDB is not installed. So for the other frames.
        """
        with stdout_to_stderr():
            return _frame(night_listing(self._layout))

    def notes(self) -> tuple[str, ...]:
        """Return what a reader should know, such as runs that were left out and why."""
        with stdout_to_stderr():
            return night_listing(self._layout).notes

    def series(
        self, *, system: str | None = None, metric: str | None = None, domain: str | None = None
    ) -> pd.DataFrame:
        """Return one row per point of each series, with the change of level at this point if there is one.

        Args:
            system: only this system.
            metric: only this metric, such as ``latency_p50``.
            domain: only this domain; None: all domains together.

        Raises:
            UserError: the history has no such series.
        """
        with stdout_to_stderr():
            return _frame(series_listing(self._layout, system=system, metric=metric, domain=domain))

    def sql(self, select: str) -> pd.DataFrame:
        """Return the result of one SELECT of DuckDB's over the views ``items``, ``windows``, ``runs`` and ``cells``.

        Raises:
            UserError: it cannot be answered, or is not one SELECT.
        """
        with stdout_to_stderr():
            return _frame(sql_listing(self._layout, select))

    def __repr__(self) -> str:
        return f"<history {self.path}>"


def _frame(listing: Listing) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame([dict(row) for row in listing.rows], columns=list(listing.columns))
    return frame.assign(date=pd.to_datetime(frame["date"])) if "date" in frame else frame


@dataclass(frozen=True)
class Listing:
    """Rows under named columns."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    """A row may lack some of the columns."""
    notes: tuple[str, ...] = ()
    """What a reader should know, such as runs that were left out."""
    right: tuple[str, ...] = ()
    """Columns of texts that are aligned as numbers are."""
    for_people: Listing | None = None
    """The same with figures in units that fit their size; None: this is for people too."""


def night_listing(layout: NightsLayout) -> Listing:
    """List every night with its verdict, gaps between nights, and runs that are not finished.

    Raises:
        UserError: a verdict or the pinned reference is damaged.
    """
    loaded = load_history(layout.root)
    return Listing(NIGHT_COLUMNS, [*night_rows(loaded, _verdicts(layout)), *_unfinished(layout)], loaded.notes)


def series_listing(
    layout: NightsLayout, *, system: str | None = None, metric: str | None = None, domain: str | None = None
) -> Listing:
    """List the points of the series of a system, metric or domain.

    Raises:
        UserError: the history has no such series.
    """
    rows = series_rows(trends(load_history(layout.root)), system=system, metric=metric, domain=domain)
    return Listing(SERIES_COLUMNS, rows, for_people=Listing(TEXT_COLUMNS, series_texts(rows), right=TEXT_FIGURES))


def sql_listing(layout: NightsLayout, select: str) -> Listing:
    """List the rows that a SELECT of DuckDB returns.

    Raises:
        UserError: the statement cannot be answered, or is not one SELECT.
        MissingExtraError: DuckDB is not installed.
    """
    result = query(layout.root, select)
    return Listing(result.columns, [dict(zip(result.columns, row, strict=True)) for row in result.rows])


def _unfinished(layout: NightsLayout) -> list[dict[str, Any]]:
    return [
        {"date": each.date, "run": each.run, "commit": each.commit, "notes": "not finished"}
        for each in kept_runs(layout)
        if not each.finished
    ]


def _verdicts(layout: NightsLayout) -> dict[str, str]:
    """Map each run that was judged to its last verdict."""
    kept = kept_verdicts(layout)
    return {run: result_of_json(read_record(path), str(path)).verdict.value for run, path in kept.items()}
