"""Read CSV and Parquet row by row, each row with its position in the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from wattbench.errors import UserError
from wattbench.records.csv_text import from_spreadsheet

SUFFIXES = (".csv", ".tsv", ".parquet")
MAX_FIELD_CHARACTERS = 16_000_000
"""A longer field is not a prompt or an answer; a missing quote can turn a whole file into one field."""

Row = tuple[str, Mapping[str, Any]]
"""``file:line`` or ``file: row n``, and column to value."""


def columns_of(path: Path) -> tuple[str, ...]:
    """Read the names of a table's columns.

    Raises:
        UserError: the file cannot be read, or two columns have one name.
    """
    if path.suffix.lower() == ".parquet":
        names = _parquet_columns(path)
    else:
        with _opened(path) as file:
            names = tuple(name.strip() for name in next(_csv_rows(path, file), ("", []))[1])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{path}:1: two columns have the name {twice[0]!r:.60}; rename one")
    if not any(names):
        raise UserError(f"{path}: the file has no columns")
    return names


def absent(value: object) -> bool:
    """Return whether a field has no value: missing, empty, or NaN, which pandas uses for missing values."""
    return value is None or value == "" or value != value  # noqa: PLR0124 - NaN is not itself


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Read some columns of each row.

    Raises:
        UserError: a row has more or fewer fields than the header, or cannot be read.
    """
    return _parquet(path, columns) if path.suffix.lower() == ".parquet" else _csv(path, columns)


def _opened(path: Path) -> IO[str]:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _csv(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    with _opened(path) as file:
        lines = _csv_rows(path, file)
        header = [name.strip() for name in next(lines)[1]]
        positions = [(name, header.index(name)) for name in columns]
        for where, fields in lines:
            if len(fields) != len(header):
                raise UserError(f"{where}: {len(fields)} fields, but the header has {len(header)}")
            yield where, {name: from_spreadsheet(fields[position]) for name, position in positions}


def _csv_rows(path: Path, file: IO[str]) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(file, strict=True, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
    limit = csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        while True:
            first_line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise UserError(f"{path}:{first_line}: not valid CSV ({error})") from error
            except UnicodeDecodeError as error:
                raise UserError(f"{path}:{first_line}: not text in UTF-8 ({error.reason})") from error
            if fields:  # an empty line is none
                yield f"{path}:{first_line}", fields
    finally:
        csv.field_size_limit(limit)


def _parquet_columns(path: Path) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return tuple(pq.read_schema(path).names)
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: not a Parquet file that can be read ({error})") from error


def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(columns=list(columns), batch_size=10_000):
                for values in batch.to_pylist():
                    row += 1
                    yield f"{path}: row {row}", values
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: the file cannot be read after row {row} ({error})") from error
