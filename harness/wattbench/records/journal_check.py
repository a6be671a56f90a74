"""Compare the files of a run with its journal: what was changed, cut, removed or put there since it was written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from wattbench.errors import UserError
from wattbench.records.files.atomic_write import failing_as
from wattbench.records.files.jsonl import complete_lines
from wattbench.records.files.regular_file import MOST_BYTES, open_record
from wattbench.records.finish_record import run_files
from wattbench.records.layout import RunLayout
from wattbench.records.rows.journal import DIGEST_CHARACTERS, JournalRow, Written, digest_head
from wattbench.records.rows.schema import FieldError

_UNREADABLE = "cannot be read"
_CHUNK_BYTES = 1 << 20
_READINGS = ("power", "loads")
"""Folders of what is written next to the lines of a run, until they have it: readings of meters, and LoadGen's logs."""


@dataclass(frozen=True)
class Lacking:
    """Bytes at the end of a file that the journal does not have. From byte 0: the journal has nothing of the file, or
    the file is a trace that was changed."""

    file: str
    begin: int
    end: int
    lines: int
    """How many end in them."""

    @property
    def sentence(self) -> str:
        """Return a clause that names the file and the number of lines."""
        lines = f"{self.lines:,} {'line' if self.lines == 1 else 'lines'}"
        return f"{self.file} has {lines} that the journal lacks"

    @property
    def of_readings(self) -> bool:
        """Return whether the file is a trace of meters or a log of LoadGen."""
        return is_of_readings(self.file)


@dataclass(frozen=True)
class CheckedJournal:
    """A journal, compared with the files of its run."""

    rows: int
    last_digest: str
    """Of its last line; empty if it has none."""
    ends: dict[str, int]
    """File to how many of its bytes it has."""
    problems: tuple[str, ...]
    """A clause for each file that was changed, cut or removed, and each line of the journal that does not follow."""
    spoiled: tuple[str, ...]
    """Likewise of traces and logs."""
    lacking: tuple[Lacking, ...]
    """What it does not have."""
    left: tuple[str, ...]
    """Files with bytes that were there when the run was resumed, and that it lacked until then."""


def checked_journal(layout: RunLayout) -> CheckedJournal:
    """Compare the files of a run with its journal, and return the result.

    Raises:
        UserError: a file cannot be read.
    """
    read = _Journal()
    problems = list(read.lines_of(layout.journal))
    spoiled: list[str] = []
    lacking: list[Lacking] = []
    not_in_it = {path.name for path in (layout.items_table, layout.windows_table, layout.calls_table, layout.journal)}
    there = [name for name in run_files(layout) if name not in not_in_it]
    for name in dict.fromkeys([*read.spans, *there]):
        spans, path = read.spans.get(name, _Spans()), layout.root / name
        changed = None
        if name not in there:
            changed = f"{name} is not a regular file any more" if os.path.lexists(path) else f"{name} is missing"
        elif spans.rows:
            changed = _change(path, name, spans)
        if changed is not None:
            (spoiled if is_of_readings(name) else problems).append(changed)
        if name in there and (rest := _beyond(path, name, 0 if changed is not None else spans.end)) is not None:
            lacking += [rest] if changed is None or is_of_readings(name) else []
    return CheckedJournal(
        read.rows,
        read.last_digest,
        {name: spans.end for name, spans in read.spans.items()},
        tuple(problems),
        tuple(spoiled),
        tuple(lacking),
        tuple(dict.fromkeys(read.left)),
    )


def is_of_readings(name: str) -> bool:
    """Return whether a file of a run is a trace of meters or a log of LoadGen."""
    return name.split("/", maxsplit=1)[0] in _READINGS


@dataclass
class _Spans:
    """The spans of a file that the journal has, from the file's first byte on."""

    rows: list[tuple[int, str, int, str, str]] = field(default_factory=list)
    """Of each span the number and the kind of its line, the byte after its last one, where the next begins, and the
    digests of the line before and of its own."""

    @property
    def end(self) -> int:
        return self.rows[-1][2] if self.rows else 0


@dataclass
class _Journal:
    """The content of a journal's lines."""

    spans: dict[str, _Spans] = field(default_factory=dict)
    rows: int = 0
    last_digest: str = ""
    left: list[str] = field(default_factory=list)

    def lines_of(self, path: Path) -> Iterator[str]:
        """Read all lines, and yield a clause for each line that does not continue the one before it."""
        for number, line in enumerate(complete_lines(path), start=1):
            try:
                row = JournalRow.read(line)
            except FieldError as error:
                raise UserError(f"{path}: line {number}: {error}; the record is damaged") from error
            if row.number != self.rows:
                yield f"{path.name}: line {number} does not follow the one before it, which was taken out"
            self.rows = row.number + 1
            if not self._take(row):
                yield f"{path.name}: line {number} begins at byte {row.begin} of {row.file!r:.80}, after a gap"
            self.last_digest = row.digest

    def _take(self, row: JournalRow) -> bool:
        """Keep a line; return whether its bytes follow those of the file's previous line."""
        if row.how == Written.REMOVED:
            self.spans.pop(row.file, None)
            return True
        if row.how == Written.LEFT:
            self.left.append(row.file)
        if row.how == Written.WHOLE or row.begin == 0:
            self.spans[row.file] = _Spans()
        spans = self.spans.setdefault(row.file, _Spans())
        follows = row.begin == spans.end
        spans.rows.append((row.number, row.how, row.end, self.last_digest, row.digest))
        return follows


def _change(path: Path, name: str, spans: _Spans) -> str | None:
    """Return a clause on the first span of a file that changed since the journal noted it; None if unchanged."""
    with open_record(path, MOST_BYTES) as file, failing_as(path, _UNREADABLE):
        begin, line = 0, 1
        for number, how, end, before, recorded in spans.rows:
            digest = hashlib.sha256(digest_head(before, number, how, name, begin, end))
            size, lines = take_in(digest.update, file, end - begin)
            if not size and end > begin:
                return f"{name} was cut: it had more than {line - 1:,} {'line' if line == 2 else 'lines'}"
            if digest.hexdigest()[:DIGEST_CHARACTERS] != recorded:
                if lines <= 1:
                    return f"line {line} of {name} is not as it was written"
                at_once = begin == 0 and end == spans.end
                which = name if at_once else f"one of the lines {line} to {line + lines - 1} of {name}"
                return f"{which} is not as it was written"
            begin, line = end, line + lines
    return None


def take_in(update: Callable[[bytes], object], file: IO[bytes], size: int) -> tuple[int, int]:
    """Add the next bytes of a file to a digest; return the number of these bytes, and of their line feeds."""
    left, lines = size, 0
    while left > 0 and (data := file.read(min(left, _CHUNK_BYTES))):
        update(data)
        lines += data.count(b"\n")
        left -= len(data)
    return size - left, lines


def _beyond(path: Path, name: str, begin: int) -> Lacking | None:
    """Return the complete bytes of a file from `begin` on; None if there are none."""
    end, lines, at = begin, 0, begin
    with open_record(path, MOST_BYTES) as file, failing_as(path, _UNREADABLE):
        file.seek(begin)
        while data := file.read(_CHUNK_BYTES):
            lines += data.count(b"\n")
            complete = len(data) if not name.endswith(".jsonl") else data.rfind(b"\n") + 1
            end = at + complete if complete else end
            at += len(data)
    return Lacking(name, begin, end, lines) if end > begin else None
