"""Read the answers and windows of a run once where several steps need them and nothing is appended meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from wattbench.records.reader import RunRecords
from wattbench.records.rows.answers import AnswerRow
from wattbench.records.rows.windows import WindowRow

MOST_ROWS = 100_000
"""The most answers that are kept, at some 2 kB each; those of further cells are read anew each time."""


@dataclass(frozen=True)
class RecordsReadOnce(RunRecords):
    """A run as it is now: what is appended later to cells or windows that were read is not seen."""

    _known: dict[tuple[str, str], list[AnswerRow]] = field(default_factory=dict, init=False, compare=False, repr=False)

    @classmethod
    def of(cls, records: RunRecords) -> RecordsReadOnce:
        """Return a run that keeps what it has read."""
        return cls(records.layout, records.header, records.check_digests)

    def answers(self, system: str, task: str) -> list[AnswerRow]:
        """Return the answers of a cell, as `RunRecords.answers` does."""
        known = self._known.get((system, task))
        if known is None:
            known = super().answers(system, task)
            if sum(map(len, self._known.values())) + len(known) <= MOST_ROWS:
                self._known[system, task] = known
        return list(known)

    def windows(self) -> list[WindowRow]:
        """Return every closed window, as `RunRecords.windows` does."""
        return list(self._closed)

    @cached_property
    def _closed(self) -> list[WindowRow]:
        return super().windows()
