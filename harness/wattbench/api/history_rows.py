"""What a history lists: its nights, the points of its series, or what a SELECT returns, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattbench.nights import NightsLayout


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
    from wattbench_reports.history import load_history
    from wattbench_reports.history.listing import NIGHT_COLUMNS, night_rows

    loaded = load_history(layout.root)
    return Listing(NIGHT_COLUMNS, [*night_rows(loaded, _verdicts(layout)), *_unfinished(layout)], loaded.notes)


def series_listing(
    layout: NightsLayout, *, system: str | None = None, metric: str | None = None, domain: str | None = None
) -> Listing:
    """List the points of the series of a system, metric or domain.

    Raises:
        UserError: the history has no such series.
    """
    from wattbench_reports.history import load_history, trends
    from wattbench_reports.history.listing import SERIES_COLUMNS, TEXT_COLUMNS, TEXT_FIGURES, series_rows, series_texts

    rows = series_rows(trends(load_history(layout.root)), system=system, metric=metric, domain=domain)
    return Listing(SERIES_COLUMNS, rows, for_people=Listing(TEXT_COLUMNS, series_texts(rows), right=TEXT_FIGURES))


def sql_listing(layout: NightsLayout, select: str) -> Listing:
    """List what a SELECT of DuckDB's returns.

    Raises:
        UserError: the statement cannot be answered, or is not one SELECT.
        MissingExtraError: DuckDB is not installed.
    """
    from wattbench_reports.history import query

    result = query(layout.root, select)
    return Listing(result.columns, [dict(zip(result.columns, row, strict=True)) for row in result.rows])


def _unfinished(layout: NightsLayout) -> list[dict[str, Any]]:
    from wattbench.nights import kept_runs

    return [
        {"date": each.date, "run": each.run, "commit": each.commit, "notes": "not finished"}
        for each in kept_runs(layout)
        if not each.finished
    ]


def _verdicts(layout: NightsLayout) -> dict[str, str]:
    """Map each run that was judged to its last verdict."""
    from wattbench.nights import kept_verdicts
    from wattbench.records.files.regular_file import read_record
    from wattbench_reports.export.gate import result_of_json

    kept = kept_verdicts(layout)
    return {run: result_of_json(read_record(path), str(path)).verdict.value for run, path in kept.items()}
