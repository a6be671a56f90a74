"""Read CSV row by row with Python's strict reader, with limits to what a row may hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from io import BufferedReader
from pathlib import Path

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import check_not_joined

MAX_FIELD_CHARACTERS = 16_000_000
"""A longer field is not a prompt or an answer; a missing quote can turn a whole file into one field."""
MAX_ROW_BYTES = 64_000_000
"""Of a row in all: of its characters, where this reader reads it."""
ROWS = 10_000
CHARACTERS = 8_000_000
"""Of the rows that are returned at once."""

Row = tuple[int, list[str]]
"""The line on which it begins, and its fields."""


def delimiter_of(path: Path) -> str:
    """Return what is between two fields, by the file's name."""
    return "\t" if path.suffix.lower() == ".tsv" else ","


def rows(path: Path, file: BufferedReader, first_line: int) -> Generator[Row]:
    """Yield each row from where a file is; an empty line is no row. Close it before the file.

    Args:
        path: for messages.
        file: at the beginning of a row; it is not closed.
        first_line: the number of that line.

    Raises:
        UserError: it is not CSV in UTF-8, or a field or a row is too long.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True, delimiter=delimiter_of(path))
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        while True:
            line = first_line + reader.line_num
            lines.characters = 0
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise UserError(f"{path}:{line}: not valid CSV ({error})") from error
            except UnicodeDecodeError as error:
                raise UserError(f"{path}:{line}: not text in UTF-8 ({error.reason})") from error
            except _RowTooLongError as error:
                raise UserError(f"{path}:{line}: the row is longer than {MAX_ROW_BYTES:,} characters") from error
            if fields:
                check_not_joined(f"{path}:{line}", fields)
                yield line, fields
    finally:
        csv.field_size_limit(limit)
        text.detach()


def columns(
    path: Path, every: Iterator[Row], width: int, positions: Sequence[int]
) -> Iterator[tuple[list[list[str]], list[int]]]:
    """Yield the fields at some positions of the next rows, column by column, and the rows' lines.

    Raises:
        UserError: a row has more or fewer fields than `width`.
    """
    held: list[list[str]] = [[] for _ in positions]
    lines: list[int] = []
    size = 0
    for line, fields in every:
        if len(fields) != width:
            raise UserError(f"{path}:{line}: {len(fields)} fields, but the header has {width}")
        for column, position in zip(held, positions, strict=True):
            column.append(fields[position])
            size += len(fields[position])
        lines.append(line)
        if len(lines) == ROWS or size > CHARACTERS:
            yield held, lines
            held, lines, size = [[] for _ in positions], [], 0
    if lines:
        yield held, lines


class _RowTooLongError(Exception):
    """A row has more characters than one may have."""


class _Lines:
    """The lines of a text, none longer than a row may be."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.characters = 0
        """Since this was last set to 0."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_ROW_BYTES + 1)
        self.characters += len(line)
        if self.characters > MAX_ROW_BYTES:
            raise _RowTooLongError
        if not line:
            raise StopIteration
        return line
