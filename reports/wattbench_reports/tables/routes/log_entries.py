"""Read the objects of a log: JSON lines, as a container prints them too, or one JSON document."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.files.regular_file import open_regular, read_regular

MOST_BYTES = 1 << 30
"""Of a log that is one JSON document, which is read whole."""
_PREFIX = 120
"""Columns that a container's name and time may take before the object of a line."""
_LISTS = ("data", "records", "logs")
"""Where an answer of an API holds its list."""


def entries_of(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each object of a log with its line; in one JSON document with its number, from 1.

    Lines without an object are left out: programs print other things too.

    Raises:
        UserError: the file cannot be read, or a line that begins with an object is damaged.
    """
    try:
        with io.TextIOWrapper(open_regular(path), encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
            if not _is_whole(first):
                yield from _document(path)
                return
            file.seek(0)
            for number, line in enumerate(file, 1):
                yield from ((number, entry) for entry in _of_line(path, number, line.strip()))
    except OSError as error:
        raise UserError(f"{path}: the routes cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: it is not UTF-8 text ({error})") from error


def _is_whole(line: str) -> bool:
    """Return whether a first line is complete, and not the beginning of a longer document."""
    text = line.strip()
    if not text.startswith(("{", "[")):
        return True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text.startswith("{") and text != "{"
    return isinstance(value, dict) and not any(isinstance(value.get(name), list) for name in _LISTS)


def _of_line(path: Path, number: int, text: str) -> Iterator[Mapping[str, Any]]:
    start = text.find("{", 0, _PREFIX)
    if start < 0:
        return
    try:
        value = json.loads(text[start:])
    except (ValueError, RecursionError) as error:
        if start > 0:  # a sentence with a brace in it
            return
        raise UserError(f"{path}:{number}: it is not JSON ({error}); a log has one object per line") from None
    if isinstance(value, dict):
        yield value


def _document(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        value = json.loads(read_regular(path, MOST_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: it is not JSON ({error})") from None
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), [value])
    yield from ((number, entry) for number, entry in enumerate(value, 1) if isinstance(entry, dict))
