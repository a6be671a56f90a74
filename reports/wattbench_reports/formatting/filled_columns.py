"""Drops the columns of a table that have no content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from wattbench.quantities import NONE

EMPTY = frozenset({"", NONE, "no energy", "not declared", "not included", "not measured", "not recorded"})
"""Texts of cells that hold neither a figure nor a finding. ``none`` is a finding."""


Head = TypeVar("Head")


def filled_columns(
    head: Sequence[Head], rows: Iterable[Sequence[str]]
) -> tuple[tuple[Head, ...], list[tuple[str, ...]]]:
    """Return heads and rows without empty columns; the first column names the rows and stays.

    Args:
        head: of each column.
        rows: as many texts each.
    """
    every = [tuple(row) for row in rows]
    kept = [at for at in range(len(head)) if not at or not every or any(row[at] not in EMPTY for row in every)]
    return tuple(head[at] for at in kept), [tuple(row[at] for at in kept) for row in every]
