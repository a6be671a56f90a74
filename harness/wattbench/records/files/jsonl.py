"""Write and read lines of JSON that survive a kill: appended and fsynced one by one, a torn last line dropped."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.regular_file import (
    MOST_BYTES,
    MOST_LINE_BYTES,
    MissingFileError,
    open_record,
    open_to_append,
    record_lines,
)
from wattbench.redaction import hide_known

_TAIL_BYTES = 1 << 20
"""Of the end of a file that are read at a time."""
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


class Appender:
    """An append-only file of JSON lines, each on disk before `append` returns.

    Opening it cuts off a last line that a killed process left half-written. A line that the disk does not take whole is
    cut off at once, so that what is appended later is no damage.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_to_append(path)  # a buffer would keep what a full disk refused, and write it later
        _cut_torn_tail(self._file, path)

    @property
    def is_empty(self) -> bool:
        """Return whether the file has no line."""
        return os.fstat(self._file.fileno()).st_size == 0

    def append(self, row: dict[str, Any]) -> None:
        """Write one line and wait until the disk has it.

        Raises:
            OSError: it has not, and nothing of the line is there; or the file was removed.
        """
        self.append_all([row])

    def append_all(self, rows: Iterable[dict[str, Any]]) -> None:
        """Write several lines, and wait once until the disk has them all."""
        # One write call, so that a kill tears at most one line. NaN is not JSON: refuse to write it.
        lines = (_JSON.encode(hide_known(row)).encode() + b"\n" for row in rows)
        self.append_bytes(b"".join(lines))

    def append_bytes(self, data: bytes) -> None:
        """Write whole lines as they are, and wait until the disk has them.

        Raises:
            OSError: as of `append`.
        """
        status = os.fstat(self._file.fileno())
        if not status.st_nlink:
            raise FileNotFoundError(errno.ENOENT, "it was removed while it was written", self._file.name)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file.fileno(), status.st_size)
            raise

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._file.close()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every complete line, parsed; an incomplete last line is dropped. A missing file has no lines.

    Raises:
        UserError: a line before the last is not a JSON object: the file was damaged, not torn. Or it cannot be read.
    """
    for number, line in enumerate(complete_lines(path), start=1):
        try:
            row = json.loads(line)
            if b"\\u" in line:
                json.dumps(row, ensure_ascii=False).encode()  # half of a surrogate pair can be written nowhere
        except (ValueError, RecursionError) as error:  # JSONDecodeError, UnicodeDecodeError and UnicodeEncodeError
            raise UserError(f"{path}: line {number} is not JSON ({error}); the record is damaged") from error
        if not isinstance(row, dict):
            raise UserError(f"{path}: line {number} is not a JSON object; the record is damaged")
        yield row


def complete_lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield every complete line; an incomplete last one is dropped. A missing file has no lines.

    Args:
        path: of the file.
        start: the byte at which the first line begins.

    Raises:
        UserError: it cannot be read.
    """
    with suppress(MissingFileError), open_record(path, MOST_BYTES) as file:
        if start:
            file.seek(start)
        yield from (line for line in record_lines(file, path) if line.endswith(b"\n"))


def _cut_torn_tail(file: FileIO, path: Path) -> None:
    """Cut off an incomplete last line.

    Raises:
        UserError: that is more than a line can be.
    """
    size = file.seek(0, os.SEEK_END)
    begin, end = size, size
    while end > 0:
        begin = max(0, end - _TAIL_BYTES)
        at = os.pread(file.fileno(), end - begin, begin).rfind(b"\n")
        if at >= 0:
            break
        end = begin
    else:
        at = -1
    complete_bytes = begin + at + 1 if end > 0 else 0
    if size - complete_bytes > MOST_LINE_BYTES:
        raise UserError(f"{path}: its last line is longer than {MOST_LINE_BYTES:,} bytes; the record is damaged")
    if complete_bytes < size:
        file.truncate(complete_bytes)
        os.fsync(file.fileno())
