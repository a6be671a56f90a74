"""Say which systems of a run were asked to the end, and which answers are compared.

A run may stop asking a system that cannot be chosen (`wattbench.records.rows.looks`). Figures of systems are compared
over the same items alone, so that what a system answered before it was dropped is left out where a run is read: every
analysis is of the systems that were asked to the end. `Among` names others, which are then read up to the first drop.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records import DroppedRow, LookRow, RunRecords
from wattbench.records.dropped import dropped_after
from wattbench.records.tables.table_columns import TableColumns


@dataclass(frozen=True)
class Dropped:
    """A system that a run stopped asking."""

    look: LookRow
    """After which it was asked no more."""
    row: DroppedRow
    """Its figures at the look, and why."""

    @property
    def system(self) -> str:
        """Return its name."""
        return self.row.system

    @property
    def blocks(self) -> int:
        """Return the number of blocks that it answered."""
        return self.look.blocks


def dropped_systems(run: RunRecords) -> tuple[Dropped, ...]:
    """Return the systems that a run stopped asking, in the order in which it did; empty for any other run.

    Raises:
        UserError: the record of the looks is damaged.
    """
    first: dict[str, Dropped] = {}
    for look in sorted(run.looks(), key=lambda each: each.blocks):
        for row in look.dropped:
            first.setdefault(row.system, Dropped(look, row))
    return tuple(first.values())


def left_out(run: RunRecords, among: Collection[str] | None = None) -> frozenset[str]:
    """Return the systems of a run whose answers are not read.

    Args:
        run: a run.
        among: the systems to read; None: those that were asked to the end.

    Raises:
        UserError: the record of the looks is damaged.
    """
    dropped = frozenset(dropped_after(run.looks()))
    return dropped if among is None else (dropped | frozenset(run.systems())) - frozenset(among)


def answers_among(run: RunRecords, among: Collection[str] | None = None) -> NDArray[np.bool_] | None:
    """Return which rows of the table of items are read; None: all.

    Args:
        run: a finished run.
        among: as in `left_out`. Of these systems, the answers of the blocks that all of them were asked.

    Raises:
        UserError: no answer is left, or the table cannot be read.
    """
    out = left_out(run, among)
    shorter = dropped_after(run.looks()).keys() & frozenset(among or ())
    if not out and not shorter:
        return None
    with TableColumns(run.layout.items_table) as table:
        table.require(("system", "block") if shorter else ("system",))
        system = table.coded("system")
        kept = ~np.isin(system.codes, [code for code, name in enumerate(system.texts.to_pylist()) if name in out])
        blocks = table.numbers("block") if shorter else np.empty(0)
    for code, name in enumerate(system.texts.to_pylist()):
        if name in shorter:
            kept &= np.isin(blocks, blocks[system.codes == code])
    if len(kept) and not kept.any():
        raise UserError(f"{run.layout.looks}: no system was asked to the end; the record is damaged")
    return np.asarray(kept)
