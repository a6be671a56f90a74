"""Read a user's CSV, TSV, JSONL or Parquet file as rows of texts, all of it; an error names the line.

The formats give the same texts: numbers as they are written, `true` and `false`, nothing for null. What is read is
bounded, so that a wrong file ends in a sentence and not in a full memory.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattbench.errors import UserError, nearest
from wattbench.tasks.file_task.csv_rows import csv_rows
from wattbench.tasks.file_task.jsonl_rows import jsonl_rows
from wattbench.tasks.file_task.parquet_rows import parquet_rows

MAX_FILE_BYTES = 500_000_000
MAX_ROWS = 1_000_000
MAX_COLUMNS = 1000
MAX_CHARACTERS = 1_000_000
"""Of one cell. A longer one is no prompt; a missing quote can turn a whole file into one cell."""

Value = str | list[str]


@dataclass(frozen=True)
class Row:
    """One row."""

    where: str
    """``line 17`` or ``row 17``."""
    values: Mapping[str, Value]
    """Every column's; an empty text where it has none."""


@dataclass(frozen=True)
class DataFile:
    """A file that was read."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def check_column(self, key: str, column: str) -> None:
        """Check that the file has a column of this name.

        Raises:
            UserError: there is none; the nearest is named.
        """
        if column not in self.columns:
            raise UserError(f"{key}: {self.path} has no column {column!r}{nearest(column, self.columns)}")


def read_file(path: Path, wanted: Sequence[str], encoding: str = "utf-8") -> DataFile:
    """Read a file.

    Args:
        path: a file; the format follows from its suffix.
        wanted: columns that it should have: they tell which character separates the columns of a CSV.
        encoding: of a CSV or TSV.

    Raises:
        UserError: it cannot be read, is too large, or a row is broken; with the line or row.
    """
    _check_size(path)
    rows = _rows(path, wanted, encoding)
    columns: dict[str, None] = {}
    read: list[tuple[str, Mapping[str, Value]]] = []
    characters = 0
    for where, values in rows:
        if len(read) == MAX_ROWS:
            raise UserError(f"{path}: more than {MAX_ROWS:,} rows; take some of them")
        checked = {str(name): _checked(path, where, name, value) for name, value in values.items()}
        columns.update(dict.fromkeys(checked))
        if len(columns) > MAX_COLUMNS:
            raise UserError(f"{path}: {where}: more than {MAX_COLUMNS:,} columns; keep those that are needed")
        characters += sum(map(_length, checked.values()))
        if characters > MAX_FILE_BYTES:
            raise UserError(f"{path}: {where}: more than {MAX_FILE_BYTES:,} characters up to here; take some rows")
        read.append((where, checked))
    if not read:
        raise UserError(f"{path}: the file has no rows")
    empty = dict.fromkeys(columns, "")
    return DataFile(path, tuple(columns), tuple(Row(where, {**empty, **values}) for where, values in read))


def _check_size(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path}: not a file, but a {'folder' if path.is_dir() else 'device or pipe'}")
    if status.st_size > MAX_FILE_BYTES:
        raise UserError(
            f"{path}: {status.st_size:,} bytes are more than a task may have ({MAX_FILE_BYTES:,}); take some rows"
        )
    if not status.st_size:
        raise UserError(f"{path}: the file is empty")


def _rows(path: Path, wanted: Sequence[str], encoding: str) -> Iterator[tuple[str, dict[str, Any]]]:
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            yield from parquet_rows(path, MAX_ROWS, MAX_FILE_BYTES)
        elif suffix in (".jsonl", ".ndjson"):
            yield from jsonl_rows(path, 8 * MAX_CHARACTERS)
        else:
            yield from csv_rows(path, wanted, encoding, MAX_CHARACTERS)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def _checked(path: Path, where: str, column: str, value: Any) -> Value:
    """Return a value as a text or a list of texts, after checking that a prompt can hold it."""
    if isinstance(value, list):
        return [_text(path, where, column, each) for each in value]
    return _text(path, where, column, value)


def _text(path: Path, where: str, column: str, value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN, which pandas writes for nothing
        return ""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if len(text) > MAX_CHARACTERS:
        raise UserError(
            f"{path}: {where}: column {column!r:.80}: {len(text):,} characters are more than a prompt may have "
            f"({MAX_CHARACTERS:,}); is a quote missing?"
        )
    if "\0" in text:
        raise UserError(f"{path}: {where}: column {column!r:.80}: holds a NUL: this is no text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UserError(f"{path}: {where}: column {column!r:.80}: holds half of a character: no text") from error
    return text.replace("\r\n", "\n")


def _length(value: Value) -> int:
    return len(value) if isinstance(value, str) else sum(map(len, value))
