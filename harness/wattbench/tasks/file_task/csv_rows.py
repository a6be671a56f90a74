"""Read a CSV or TSV row by row."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from wattbench.errors import UserError
from wattbench.records.files.byte_order_marks import check_not_joined, to_begin

DELIMITERS = ",;\t|"
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
    for delimiter in "\t" if path.suffix.lower() == ".tsv" else DELIMITERS:
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
