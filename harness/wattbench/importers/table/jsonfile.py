"""Read tables of JSON objects, a line each (JSONL) or in one list (JSON), in blocks of columns as texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from wattbench.errors import UserError
from wattbench.importers.batch import numbered
from wattbench.importers.files import head, read_array, read_objects
from wattbench.importers.table.csvfile import CHARACTERS, MAX_FIELD_CHARACTERS, ROWS, Arrays

LINES, LIST = (".jsonl", ".ndjson"), (".json",)
"""Suffixes of names: an object per line, and one list of objects."""

MOST_NAMES = 10_000
"""Different keys of all objects; more are refused while they are read."""


def looks_like(path: Path) -> bool:
    """Return whether a file of JSON begins as a table does: with an object per line, or with a list."""
    first = head(path).lstrip("\ufeff \t\r\n")[:1]
    return first == ("[" if path.suffix.lower() in LIST else "{")


def names_of(path: Path) -> tuple[str, ...]:
    """Read the keys of all objects, in the order in which they first occur.

    Raises:
        UserError: the file cannot be read, or is no table.
    """
    names: dict[str, None] = {}
    for _, row in _objects(path):
        names |= dict.fromkeys(row)
        if len(names) > MOST_NAMES:
            raise UserError(f"{path}: more than {MOST_NAMES:,} different keys; this is no table of answers")
    return tuple(names)


def blocks(path: Path, columns: Sequence[str]) -> Iterator[Arrays]:
    """Yield blocks of some columns, as texts; a key that an object lacks is empty.

    Raises:
        UserError: as `names_of`, or a text is too long.
    """
    lines_of = path.suffix.lower() in LINES
    at = numbered(f"{path}:") if lines_of else numbered(f"{path}: object ")
    held: list[list[str]] = []
    lines: list[int] = []
    size = 0
    for number, row in _objects(path):
        texts = [_text(row.get(name)) for name in columns]
        if max(map(len, texts), default=0) > MAX_FIELD_CHARACTERS:
            raise UserError(f"{path}:{number}: a text is longer than {MAX_FIELD_CHARACTERS:,} characters")
        held.append(texts)
        lines.append(number)
        size += sum(map(len, texts))
        if len(held) == ROWS or size > CHARACTERS:
            yield *_arrays(held, lines), at
            held, lines, size = [], [], 0
    if held:
        yield *_arrays(held, lines), at


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object with the number of its line, or its place in the list from 1."""
    if path.suffix.lower() in LINES:
        for where, row in read_objects(path):
            yield int(where.rpartition(":")[2]), row
        return
    for number, row in enumerate(read_array(path), start=1):
        if not isinstance(row, dict):
            raise UserError(f"{path}: object {number}: of type {type(row).__name__}, not an object")
        yield number, row


def _arrays(rows: list[list[str]], lines: list[int]) -> tuple[list[Any], Any]:
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)], pa.array(lines, pa.int64())


def _text(value: object) -> str:
    """Return a value as the text that a CSV file would have."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "backslashreplace").decode()  # half a surrogate pair, which JSON allows
