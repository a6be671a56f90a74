"""Make tables of the page from those that a terminal shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Table


def page_table(table: Table, caption: str, series: Mapping[str, int] | None = None) -> Table:
    """Return a table for the page, without what a terminal shows below its rows.

    Args:
        table: of a routing study.
        caption: of the table.
        series: of a first cell's text: the index of the system that it is about, which selects its mark.
    """
    marks = series or {}
    kept = [number for number, column in enumerate(table.columns) if not column.below]
    return replace(
        table,
        caption=caption,
        columns=tuple(replace(table.columns[at], label=units.capital(table.columns[at].label)) for at in kept),
        rows=tuple(
            (replace(row[0], series=marks.get(row[0].text)), *(row[at] for at in kept[1:])) for row in table.rows
        ),
    )
