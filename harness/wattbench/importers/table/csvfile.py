"""Read CSV in blocks of columns, with Python's strict reader and limits to what a row may hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from io import BufferedReader
from pathlib import Path
from typing import Any

import pyarrow as pa

from wattbench.errors import UserError
from wattbench.importers.batch import numbered
from wattbench.records.files.byte_order_marks import MARK_BYTES, check_not_joined
from wattbench.records.files.csv_text import from_spreadsheet
from wattbench.records.files.regular_file import open_regular

MAX_FIELD_CHARACTERS = 16_000_000
"""A longer field is not a prompt or an answer; a missing quote can turn a whole file into one field."""
MAX_ROW_CHARACTERS = 64_000_000
ROWS = 10_000
CHARACTERS = 8_000_000
"""Of a block."""

Arrays = tuple[list[Any], Any, str]
"""An array per column, the line of each row, and what is around the line's number in messages."""


def names_of(path: Path) -> tuple[str, ...]:
    """Read the names of the columns from the header.

    Raises:
        UserError: the file cannot be read, or does not begin with a row of CSV.
    """
    with open_regular(path) as file, closing(_rows(path, file, _Lines())) as rows:
        return _header(rows)


def blocks(path: Path, columns: Sequence[str]) -> Iterator[Arrays]:
    """Yield blocks of some columns of the header, as texts.

    Raises:
        UserError: a row has more or fewer fields than the header, or is not CSV in UTF-8.
    """
    at, read = numbered(f"{path}:"), _Lines()
    with open_regular(path) as file, closing(_rows(path, file, read)) as rows:
        header = _header(rows)
        positions = [header.index(name) for name in columns]
        held: list[list[str]] = []
        lines: list[int] = []
        size = 0
        for line, fields in rows:
            if len(fields) != len(header):
                raise UserError(f"{path}:{line}: {len(fields)} fields, but the header has {len(header)}")
            held.append(fields)
            lines.append(line)
            size += read.characters
            if len(held) == ROWS or size > CHARACTERS:
                yield *_arrays(held, lines, positions), at
                held, lines, size = [], [], 0
        if held:
            yield *_arrays(held, lines, positions), at


def _header(rows: Iterator[tuple[int, list[str]]]) -> tuple[str, ...]:
    _, fields = next(rows, (1, []))
    return tuple(name.strip() for name in fields)


def _arrays(rows: list[list[str]], lines: list[int], positions: Sequence[int]) -> tuple[list[Any], Any]:
    texts = list(zip(*rows, strict=True))
    return [pa.array(_plain(texts[position]), pa.string()) for position in positions], pa.array(lines, pa.int64())


def _plain(texts: Sequence[str]) -> Sequence[str]:
    """Remove the quote that `for_spreadsheet` puts before texts that a spreadsheet would run."""
    return [from_spreadsheet(text) if text[:1] == "'" else text for text in texts]


def _rows(path: Path, file: BufferedReader, lines: _Lines) -> Generator[tuple[int, list[str]]]:
    """Yield the line number and the fields of each row that is not empty. Close this generator before the file."""
    while file.peek(len(MARK_BYTES)).startswith(MARK_BYTES):
        file.read(len(MARK_BYTES))
    lines.text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    try:
        while True:
            line = 1 + reader.line_num
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
                raise UserError(f"{path}:{line}: the row is longer than {MAX_ROW_CHARACTERS:,} characters") from error
            if fields:
                check_not_joined(f"{path}:{line}", fields)
                yield line, fields
    finally:
        csv.field_size_limit(limit)
        lines.text.detach()


class _RowTooLongError(Exception):
    """A row has more characters than allowed."""


class _Lines:
    """Yields the lines of a text; a row that is too long raises an error."""

    text: io.TextIOWrapper

    def __init__(self) -> None:
        self.characters = 0
        """Since this was last set to 0."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline(MAX_ROW_CHARACTERS + 1)
        self.characters += len(line)
        if self.characters > MAX_ROW_CHARACTERS:
            raise _RowTooLongError
        if not line:
            raise StopIteration
        return line
