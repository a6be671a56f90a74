"""Keep the journal of a run: a line for all that is written to it, with a digest that holds that of the line before.

A run that is not finished has no `finished.json` with digests. Its journal shows what was changed in it meanwhile, and
which lines are of another hand than the run's, also after its end. A line is written once what it digests is on disk,
so that a kill leaves at most one write that the journal lacks.

It finds changes, not forgery: a person who can write to the run can replace its journal, too. A signature of the end
shows that (`wattbench.records.signature`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import FAILURE, failing_as
from wattbench.records.files.jsonl import Appender
from wattbench.records.files.regular_file import MOST_BYTES, open_record
from wattbench.records.finish_record import run_files
from wattbench.records.journal_check import checked_journal, is_of_readings, take_in
from wattbench.records.layout import RunLayout
from wattbench.records.rows.journal import DIGEST_CHARACTERS, JournalRow, Written, digest_head

_SHOWN = 3
"""Problems that a message lists; the rest are counted."""


class Journal:
    """The journal of a run that is written. For one process, and one thread at a time."""

    def __init__(self, layout: RunLayout) -> None:
        """Open the file; `begin` and `resumed` make a journal."""
        self._layout = layout
        self._appender = Appender(layout.journal)
        self._number = 0
        self._before = ""
        self._ends: dict[str, int] = {}
        """File to how many of its bytes the journal has."""
        self._failed = False

    @classmethod
    def begin(cls, layout: RunLayout) -> Self:
        """Begin the journal of a new run with its header, which is on disk."""
        journal = cls(layout)
        journal.note(layout.header, whole=True)
        return journal

    @classmethod
    def resumed(cls, layout: RunLayout) -> tuple[Self, tuple[str, ...]]:
        """Check a resumed run against its journal, and continue the journal.

        Returns:
            The journal, and a sentence for each file with lines that it lacked.

        Raises:
            UserError: the run was changed since it was written.
        """
        begins = (layout.header.name, layout.journal.name)
        others = [name for name in run_files(layout) if name not in begins and not is_of_readings(name)]
        journal = cls(layout)
        if journal._appender.is_empty:
            if others:
                raise _not_to_resume(layout, [f"{layout.journal.name} is missing, or empty"])
            journal.note(layout.header, whole=True)  # a kill as it began
            return journal, ()
        checked = checked_journal(layout)
        of_lines = [each for each in checked.lacking if not each.of_readings]
        too_much = len(of_lines) > 1 or any(each.lines > 1 and each.file.startswith("items/") for each in of_lines)
        problems = [*checked.problems, *(each.sentence for each in of_lines if too_much)]
        if problems:
            raise _not_to_resume(layout, problems)
        journal._number, journal._before, journal._ends = checked.rows, checked.last_digest, checked.ends
        for left in checked.lacking:
            journal._add(Written.LEFT, left.file, left.begin, left.end)
        spoiled = (f"{each}: it is kept as it is, and shows nothing for certain" for each in checked.spoiled)
        kept = (f"{each.sentence}: it is kept. A kill leaves as much" for each in of_lines)
        return journal, (*spoiled, *kept)

    def check_complete(self) -> None:
        """Check that no write to the journal has failed.

        Raises:
            UserError: a line of it could not be written.
        """
        if self._failed:
            raise UserError(f"{self._layout.journal}: {FAILURE}: an earlier line could not be. Resume the run")

    def note(self, path: Path, *, whole: bool = False, synced: bool = False) -> None:
        """Add a line for the new bytes of a file, once they are on disk.

        Args:
            path: the file.
            whole: all of the file was written anew.
            synced: the disk has it already.

        Raises:
            UserError: it cannot be read, or the journal not be written.
        """
        name = self._layout.name_of(path)
        with failing_as(path, FAILURE):
            size = path.stat().st_size
        begin = 0 if whole else self._ends.get(name, 0)
        if size > begin or whole:
            self._add(Written.WHOLE if whole else Written.APPENDED, name, begin, size, synced=synced)

    def removed(self, path: Path) -> None:
        """Add a line for a file that is about to be removed."""
        name = self._layout.name_of(path)
        if self._ends.get(name):
            self._add(Written.REMOVED, name, 0, 0)

    def close(self) -> None:
        """Close the file."""
        self._appender.close()

    def _add(self, how: Written, name: str, begin: int, end: int, *, synced: bool = False) -> None:
        path = self._layout.root / name
        digest = hashlib.sha256(digest_head(self._before, self._number, how.value, name, begin, end))
        if how is not Written.REMOVED:
            with failing_as(path, FAILURE), open_record(path, MOST_BYTES) as file:
                if not synced:
                    os.fsync(file.fileno())
                file.seek(begin)
                take_in(digest.update, file, end - begin)
        text = digest.hexdigest()[:DIGEST_CHARACTERS]
        row = JournalRow(number=self._number, how=how, file=name, begin=begin, end=end, digest=text)
        self._failed = True
        with failing_as(self._layout.journal, FAILURE):
            self._appender.append_bytes(json.dumps(row.as_json(), separators=(",", ":")).encode() + b"\n")
        self._failed = False
        self._number += 1
        self._before = text
        self._ends[name] = end


def _not_to_resume(layout: RunLayout, problems: Sequence[str]) -> UserError:
    shown = "; ".join(problems[:_SHOWN])
    more = f", and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return UserError(
        f"{layout.root}: cannot be resumed: {shown}{more}. The run was changed since it was written: start a new run"
    )
