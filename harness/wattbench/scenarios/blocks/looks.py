"""Decide between two blocks which systems are not asked any more, and record it.

What decides is handed in (`Looker`): it needs the reports, which are on a floor above. A look on record holds. One that
is missing, as the process was killed between a block and its look, is made before anything else is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from wattbench.errors import UserError
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.records import BlockPlan, LookRow, RunRecords
from wattbench.records.dropped import dropped_after
from wattbench.scenarios.residents import Residents


class Looker(Protocol):
    """Decides which systems can still be chosen."""

    def is_due(self, complete: int, blocks: int) -> bool:
        """Return whether a look follows the block that made this number complete, of this number in all."""

    def look(self, records: RunRecords, systems: Sequence[str], complete: int, blocks: int) -> LookRow:
        """Return what the complete blocks of a run show.

        Args:
            records: of the run.
            systems: those that are asked up to here.
            complete: how many blocks are complete.
            blocks: how many the run has.

        Raises:
            UserError: the answers so far cannot be judged.
        """

    def lines(self, row: LookRow, blocks: int) -> Sequence[str]:
        """Return a line for each system that a look drops, for the progress of a run with this number of blocks."""


@dataclass(frozen=True)
class Asked:
    """The systems that a run asks, as it is on record so far."""

    now: tuple[str, ...]
    """Those that are asked from here on, in the order of the suite."""
    before: Mapping[int, frozenset[str]]
    """Complete block to the systems that were asked it."""

    @classmethod
    def of(cls, records: RunRecords) -> Self:
        """Read it from a run."""
        dropped = dropped_after(records.looks())
        systems = dict.fromkeys(system for system, _ in records.header.pairs)
        return cls(
            tuple(name for name in systems if name not in dropped),
            {row.number: frozenset(row.order) for row in records.blocks()},
        )

    def in_block(self, systems: Sequence[str], number: int) -> list[str]:
        """Return those of some systems that are asked a block: of a complete one, those that were asked it."""
        of_block = self.before.get(number, frozenset(self.now))
        return [name for name in systems if name in of_block]


def look(context: MeasuringContext, residents: Residents, plan: BlockPlan, looker: Looker) -> None:
    """Make and record the look after the complete blocks, unless it is on record or none is due.

    Where one system is loaded at a time, it is released before: what a look takes would count as its memory.
    """
    records = context.records
    so_far = Asked.of(records)
    complete = len(so_far.before)
    made = any(row.blocks == complete for row in records.looks())
    if not complete or made or len(so_far.now) < 2 or not looker.is_due(complete, plan.blocks):
        return
    if residents.one_at_a_time:
        residents.release_all()
    try:
        row = looker.look(records, so_far.now, complete, plan.blocks)
    except UserError as error:
        context.progress.note(f"after block {complete} of {plan.blocks} no system is left out: {error}", keep=True)
        return
    context.writer.append_look(row)
    for line in looker.lines(row, plan.blocks):
        context.progress.note(line, keep=True)


def show_looks(context: MeasuringContext, plan: BlockPlan, looker: Looker) -> None:
    """Show what a run has decided before it was resumed, or that it has too few blocks to decide anything."""
    if not any(looker.is_due(complete, plan.blocks) for complete in range(1, plan.blocks)):
        few = f"{plan.blocks} blocks are too few to tell which systems cannot be chosen"
        context.progress.note(f"all systems are asked to the end: {few}", keep=True)
    for row in context.records.looks():
        for line in looker.lines(row, plan.blocks):
            context.progress.note(line, keep=True)
