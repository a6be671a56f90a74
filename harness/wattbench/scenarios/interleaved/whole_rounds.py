"""A gate's record as its readers get it: what was answered in whole rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from wattbench.records import AnswerRow, Purpose, RunRecords, WindowRow, read_run
from wattbench.records.layout import RunLayout


@dataclass(frozen=True)
class WholeRounds(RunRecords):
    """A gate's run without what was asked in a round that was cut off."""

    @classmethod
    def of(cls, layout: RunLayout) -> WholeRounds:
        """The run as it is on disk now."""
        return cls(layout, read_run(layout.root).header)

    @cached_property
    def counted(self) -> frozenset[str]:
        """The windows of whole rounds."""
        return frozenset(window for each in self.rounds() for window in each.windows.values())

    def answers(self, system: str, task: str) -> list[AnswerRow]:
        """Those that count."""
        return [row for row in super().answers(system, task) if row.window in self.counted]

    def windows(self) -> list[WindowRow]:
        """All; those of rounds that were cut off are marked as such."""
        return [
            replace(row, purpose=Purpose.ABANDONED)
            if row.purpose == Purpose.MEASURED and row.window not in self.counted
            else row
            for row in super().windows()
        ]
