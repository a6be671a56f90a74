"""Read a gate's record without the answers of an interrupted round."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from wattbench.records import AnswerRow, Purpose, RunRecords, WindowRow, read_run
from wattbench.records.layout import RunLayout


@dataclass(frozen=True)
class CompleteRounds(RunRecords):
    """The record of a gate without the answers of an interrupted round."""

    @classmethod
    def of(cls, layout: RunLayout) -> CompleteRounds:
        """Return the run as it is on disk now."""
        return cls(layout, read_run(layout.root).header)

    @cached_property
    def counted(self) -> frozenset[str]:
        """Return the windows of complete rounds."""
        return frozenset(window for each in self.rounds() for window in each.windows.values())

    def answers(self, system: str, task: str) -> list[AnswerRow]:
        """Return the answers of complete rounds."""
        return [row for row in super().answers(system, task) if row.window in self.counted]

    def windows(self) -> list[WindowRow]:
        """Return all windows; the windows of interrupted rounds are marked as abandoned."""
        return [
            replace(row, purpose=Purpose.ABANDONED)
            if row.purpose == Purpose.MEASURED and row.window not in self.counted
            else row
            for row in super().windows()
        ]
