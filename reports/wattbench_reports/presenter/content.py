"""Leave out what is for other media, columns of dashes, tables without rows and empty passages.

The first column of a table names its rows and stays. So does a column of dashes that the page's script fills for other
settings: of a run with joules, those of money and of grams.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from wattbench.quantities import NONE
from wattbench_reports.presenter.model import Cell, Medium, Passage, Section, Sentence, Table

EMPTY = frozenset({"", NONE, "no energy", "not declared", "not included", "not measured", "not recorded"})
"""Texts of cells that hold neither a figure nor a finding. ``none`` is a finding."""

_OF_MEASUREMENT = ("accuracy", "j-per-correct", "j-per-request", "p50", "tail")
"""Figures that other settings change but never create."""


def with_content(section: Section, medium: Medium = Medium.HTML, *, joules: bool = False) -> Section:
    """Return the parts of a section that a medium shows, without its empty ones.

    Args:
        section: as it was made.
        medium: one.
        joules: whether the section is of a page whose script states it for other settings, and of a run with joules,
            without which no setting makes money or grams.
    """
    passages = [_passage(each, medium, joules) for each in section.passages if each.media & medium]
    return replace(section, passages=tuple(each for each in passages if _says_something(each)))


def _passage(passage: Passage, medium: Medium, joules: bool) -> Passage:
    return replace(
        passage,
        sentences=_sentences(passage.sentences, medium),
        tables=_tables(passage.tables, medium, joules),
        folded=_tables(passage.folded, medium, joules),
        points=_sentences(passage.points, medium),
    )


def _sentences(sentences: Iterable[Sentence], medium: Medium) -> tuple[Sentence, ...]:
    return tuple(each for each in sentences if (each if isinstance(each, str) else each.media & medium and each.plain))


def _tables(tables: Iterable[Table], medium: Medium, joules: bool) -> tuple[Table, ...]:
    return tuple(_table(each, joules) for each in tables if each.rows and each.media & medium)


def _says_something(passage: Passage) -> bool:
    return any((
        passage.sentences, passage.tables, passage.figure, passage.folded, passage.commands, passage.examples,
        passage.rate, passage.points,
    ))  # fmt: skip


def _table(table: Table, joules: bool) -> Table:
    columns = [[row[index] for row in table.rows] for index in range(len(table.columns))]
    kept = [
        index
        for index, (column, cells) in enumerate(zip(table.columns, columns, strict=True))
        if not index or column.kept or not is_empty(cells, joules=joules)
    ]
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
