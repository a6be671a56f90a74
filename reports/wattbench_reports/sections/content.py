"""Leave out columns of dashes, tables without rows and empty passages.

The first column of a table names its rows and stays. So does a column of dashes that the page's script fills for other
settings: of a run with joules, those of money and of grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattbench_reports.formatting.filled_columns import EMPTY
from wattbench_reports.sections.model import Passage, Section
from wattbench_reports.sections.table import Cell, Table

_OF_MEASUREMENT = ("accuracy", "j-per-correct", "j-per-request", "p50", "tail")
"""Figures that other settings change but never create."""


def with_content(section: Section, *, joules: bool) -> Section:
    """Return a section without its empty parts.

    Args:
        section: as it was made.
        joules: whether the run has any, without which no setting makes money or grams.
    """
    passages = [_passage(each, joules) for each in section.passages]
    return replace(section, passages=tuple(each for each in passages if _says_something(each)))


def _passage(passage: Passage, joules: bool) -> Passage:
    return replace(passage, tables=_tables(passage.tables, joules), folded=_tables(passage.folded, joules))


def _tables(tables: tuple[Table, ...], joules: bool) -> tuple[Table, ...]:
    return tuple(_table(each, joules) for each in tables if each.rows)


def _says_something(passage: Passage) -> bool:
    return any((
        passage.sentences, passage.tables, passage.figure, passage.folded, passage.commands, passage.examples,
        passage.rate,
    ))  # fmt: skip


def _table(table: Table, joules: bool) -> Table:
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    kept = [index for index, cells in enumerate(columns) if not index or not is_empty(cells, joules=joules)]
    if len(kept) == len(columns):
        return table
    rows = tuple(tuple(row[index] for index in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[index] for index in kept), rows=rows)


def is_empty(column: Sequence[Cell], *, joules: bool) -> bool:
    """Return whether a column is empty under all settings."""
    return all(cell.text in EMPTY and not cell.detail and not _can_be_filled(cell, joules) for cell in column)


def _can_be_filled(cell: Cell, joules: bool) -> bool:
    figure = cell.restates.partition("-")[2]
    return bool(cell.at_rate) or (joules and bool(figure) and figure not in _OF_MEASUREMENT)
