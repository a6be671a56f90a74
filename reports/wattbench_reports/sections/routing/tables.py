"""Make tables of the page from tables in words."""

from __future__ import annotations

from collections.abc import Mapping

from wattbench_reports.formatting import units
from wattbench_reports.presenter.model import Cell, Column, Table
from wattbench_reports.wording.routing import RoutingTable


def page_table(table: RoutingTable, caption: str, series: Mapping[str, int] | None = None) -> Table:
    """Return a table for the page, without the details of its rows.

    Args:
        table: in words.
        caption: of the table.
        series: of a first cell's text: the index of the system that it is about, which selects its mark.
    """
    marks = series or {}
    return Table(
        caption=caption,
        columns=tuple(Column(units.capital(column.heading), numeric=column.number) for column in table.columns),
        rows=tuple((Cell(row[0], series=marks.get(row[0])), *(Cell(text) for text in row[1:])) for row in table.rows),
        note=note(table.notes),
    )


def note(notes: tuple[str, ...]) -> str:
    """Join clauses under a table as sentences."""
    return " ".join(f"{units.capital(each)}." for each in notes)
