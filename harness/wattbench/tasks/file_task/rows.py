"""Read a user's CSV, TSV, JSONL or Parquet file as rows of texts, all of it; an error names the line.

The formats give the same texts: numbers as they are written, `true` and `false`, nothing for null. What is read is
bounded, so that a wrong file ends in a sentence and not in a full memory.
"""

from __future__ import annotations

import codecs
import csv
import json
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError, nearest
from wattbench.records.files.byte_order_marks import check_not_joined, to_begin, unmarked

_DELIMITERS = ",;\t|"
"""What may separate columns: of a .csv the first that gives all columns that are wanted, else the comma."""

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def csv_rows(path: Path, wanted: Sequence[str], encoding: str, longest: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``line n`` and the values of each row by column. A column without a name is left out.

    Args:
        path: the file; its first line names the columns.
        wanted: columns that it should have.
        encoding: of its text.
        longest: characters that a cell may have.

    Raises:
        UserError: the file is no CSV in this encoding; with the line.
        OSError: it cannot be read.
    """
    with _opened(path, encoding) as file:
        delimiter = _delimiter(path, file, wanted, encoding, longest)
        to_begin(file)
        lines = _fields(path, file, delimiter, encoding, longest)
        header = [name.strip() for name in next(lines, (0, []))[1]]
        named = [name for name in header if name]
        twice = next((name for name in named if named.count(name) > 1), None)
        if twice is not None:
            raise UserError(f"{path}: line 1: two columns have the name {twice!r:.80}; rename one")
        for line, fields in lines:
            if len(fields) != len(header):
                raise UserError(
                    f"{path}: line {line}: {len(fields)} cells, but the first line names {len(header)} columns "
                    f"(a text that holds {delimiter!r} or a quote is put in quotes)"
                )
            yield f"line {line}", {name: field for name, field in zip(header, fields, strict=True) if name}


def headers(path: Path, encoding: str, longest: int) -> dict[str, list[str]]:
    """Return the names of the columns for each character that may separate them.

    Args:
        path: the file.
        encoding: of its text.
        longest: characters that a cell may have.

    Raises:
        UserError: the first line is no CSV in this encoding.
        OSError: it cannot be read.
    """
    with _opened(path, encoding) as file:
        return dict(_headers(path, file, encoding, longest))


def _opened(path: Path, encoding: str) -> IO[str]:
    with path.open("rb") as raw:
        marked = _MARKS.get(raw.read(2))
    if marked is not None and "16" not in encoding:
        raise UserError(f"{path}: this is UTF-16, not {encoding}: add encoding: {marked}, or save it as UTF-8")
    return path.open(encoding="utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding, newline="")


def _headers(path: Path, file: IO[str], encoding: str, longest: int) -> Iterator[tuple[str, list[str]]]:
    wrong: UserError | None = None
    read = False
    for delimiter in "\t" if path.suffix.lower() == ".tsv" else _DELIMITERS:
        to_begin(file)
        try:
            _, fields = next(_fields(path, file, delimiter, encoding, longest), (0, []))
        except UserError as error:
            if not isinstance(error.__cause__, csv.Error):
                raise
            wrong = wrong or error  # quotes end elsewhere: another one separates
            continue
        read = True
        yield delimiter, [name.strip() for name in fields]
    if not read and wrong is not None:
        raise wrong


def _delimiter(path: Path, file: IO[str], wanted: Sequence[str], encoding: str, longest: int) -> str:
    if path.suffix.lower() == ".tsv":
        return "\t"
    for delimiter, header in _headers(path, file, encoding, longest):
        if len(header) > 1 and set(wanted) <= set(header):
            return delimiter
    return ","


def _fields(path: Path, file: IO[str], delimiter: str, encoding: str, longest: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(file, strict=True, delimiter=delimiter)
    while True:
        first_line = reader.line_num + 1
        limit = csv.field_size_limit(longest)
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(f"{path}: line {first_line}: not valid CSV ({error})") from error
        except UnicodeError as error:
            hint = "" if encoding != "utf-8" else "; save it as UTF-8, or add its encoding, such as encoding: cp1252"
            raise UserError(f"{path}: after line {reader.line_num}: not text in {encoding}{hint}") from error
        finally:
            csv.field_size_limit(limit)
        if fields:  # an empty line is no row
            check_not_joined(f"{path}: line {first_line}", fields)
            yield first_line, fields


def jsonl_rows(path: Path, longest: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``line n`` and the values of each line, an object; empty lines are skipped.

    Numbers are texts, as they are written; an object in an object is its JSON.

    Args:
        path: the file, in UTF-8.
        longest: bytes that a line may have.

    Raises:
        UserError: a line is no object, or names a key twice.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(longest + 1), b""), start=1):
            where = f"{path}: line {number}"
            if len(line) > longest:
                raise UserError(f"{where}: longer than {longest:,} bytes")
            if not line.strip():
                continue
            try:
                text = unmarked(line).decode()
                value = json.loads(
                    text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_without_twins
                )
            except UnicodeDecodeError as error:
                raise UserError(f"{where}: not text in UTF-8 (byte {error.start + 1} of the line)") from error
            except (ValueError, RecursionError) as error:
                raise UserError(f"{where}: not valid JSON ({error})") from error
            if not isinstance(value, dict):
                raise UserError(f"{where}: of type {type(value).__name__}, not an object: write one object a line")
            yield f"line {number}", {name: _flat(each) for name, each in value.items()}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r:.80} is there twice")
    return values


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return [json.dumps(each, ensure_ascii=False) if isinstance(each, dict | list) else each for each in value]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value


_BATCH = 1000


def _parquet_rows(path: Path, most_rows: int, most_bytes: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ``row n`` (from 1) and the values of each row by column.

    Args:
        path: the file.
        most_rows: that it may have.
        most_bytes: that it may have when unpacked.

    Raises:
        UserError: it is no Parquet file, is too large, or a column holds bytes.
        OSError: it cannot be read.
    """
    row = 0
    try:
        with pq.ParquetFile(path) as file:
            about = file.metadata
            names = file.schema_arrow.names
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice is not None:
                raise UserError(f"{path}: two columns have the name {twice!r:.80}; rename one")
            unpacked = sum(about.row_group(group).total_byte_size for group in range(about.num_row_groups))
            if about.num_rows > most_rows or unpacked > most_bytes:
                raise UserError(
                    f"{path}: {about.num_rows:,} rows of {unpacked:,} bytes are more than a task may have "
                    f"({most_rows:,} rows, {most_bytes:,} bytes); take some of its rows"
                )
            for batch in file.iter_batches(batch_size=_BATCH):
                for values in batch.to_pylist():
                    row += 1
                    binary = next((name for name, value in values.items() if isinstance(value, bytes)), None)
                    if binary is not None:
                        raise UserError(f"{path}: row {row}: column {binary!r:.80}: holds bytes, not text")
                    yield f"row {row}", values
    except (pa.ArrowException, ValueError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read, after row {row} ({error})") from error


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
            yield from _parquet_rows(path, MAX_ROWS, MAX_FILE_BYTES)
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
