"""Describe where a format keeps each field of an answer, and in which unit.

A format is a map from fields of `Answer` to `Field`::

    REQUEST = {
        "seconds": figure("request_latency_ms", scale=MS),
        "output_tokens": count("usage.completion_tokens", "output_tokens"),  # the first that is there
        "answer": words("response.text"),
    }

`read_fields` reads such a map. What a path cannot say is a function ``(value, name, where)``: a `Field` takes any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number, whole_number
from wattbench.importers.files import text

MS = 1e-3
REQUESTS = "requests"
"""The task of requests of which the source names none."""


def at(record: Any, *paths: str) -> Any:
    """Return the first value that is not null at some dotted paths; a number is a place in a list."""
    for path in paths:
        value = record
        for part in path.split("."):
            if isinstance(value, list):
                value = value[int(part)] if part.isdecimal() and int(part) < len(value) else None
            else:
                value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            return value
    return None


def section(record: Any, *paths: str) -> Mapping[str, Any]:
    """Return the first object that is not empty at some dotted paths; else an empty one."""
    return next((value for path in paths if isinstance(value := at(record, path), Mapping) and value), {})


@dataclass(frozen=True)
class Field:
    """Where a source has a field, and how it is read."""

    paths: tuple[str, ...]
    """Dotted; the first that has a value counts."""
    read: Callable[[Any, str, str], Any]
    """Takes the value (None: there is none), its name and ``file:line``, and checks it."""
    scale: float = 1.0
    zero: bool = True
    """False: 0 means that it was not recorded."""
    name: str = ""
    """In messages; empty: the end of the first path."""

    def of(self, record: Any, where: str) -> Any:
        """Return the field of a record, in the unit of an answer.

        Raises:
            UserError: the record has an impossible one.
        """
        value = self.read(at(record, *self.paths), self.name or self.paths[0].rpartition(".")[2], where)
        if value is None or (not self.zero and value == 0):
            return None
        return value if self.scale == 1.0 else value * self.scale


def figure(*paths: str, scale: float = 1.0, zero: bool = True, name: str = "") -> Field:
    """Describe a field with a figure of 0 or more."""
    return Field(paths, number, scale, zero, name)


def count(*paths: str, name: str = "") -> Field:
    """Describe a field with a whole number."""
    return Field(paths, whole_number, name=name)


def words(*paths: str) -> Field:
    """Describe a text field. A missing text is empty; another value becomes JSON."""
    return Field(paths, lambda value, *_: text(value))


def words_or_none(*paths: str) -> Field:
    """Describe a text field that is None if its text is missing or empty."""
    return Field(paths, lambda value, *_: text(value) or None)


def read_fields(fields: Mapping[str, Field], record: Any, where: str) -> dict[str, Any]:
    """Return the fields of a record that a map describes.

    Raises:
        UserError: one is impossible.
    """
    return {name: each.of(record, where) for name, each in fields.items()}


def listed(value: Any, name: str, where: str) -> list[Any]:
    """Return a value that has to be a list; empty for None.

    Raises:
        UserError: it is something else.
    """
    if value is not None and not isinstance(value, list):
        raise UserError(f"{where}: {name} is of type {type(value).__name__}, not a list")
    return value or []


def gaps(value: Any, name: str, where: str) -> list[float]:
    """Return a list of seconds between chunks. A missing value is 0.

    Raises:
        UserError: it is no list, or has an impossible figure.
    """
    return [number(each, "a time between tokens", where) or 0.0 for each in listed(value, name, where)]


def chunk_ends(first_s: float, gaps_s: Sequence[float], seconds: float | None) -> Sequence[float]:
    """Return when each chunk came, in seconds after sending; none if the last came after the end.

    Args:
        first_s: when the first one came.
        gaps_s: from each to the next.
        seconds: of the whole answer; None: not known, and then no chunk's time is.
    """
    ends = list(accumulate(gaps_s, initial=first_s))
    return ends if seconds is not None and ends[-1] <= seconds else ()


def kept(settings: Mapping[str, Any], names: Mapping[str, str] | Sequence[str]) -> dict[str, Any]:
    """Return the named settings that are texts or numbers. A mapping of names renames them."""
    renamed = names if isinstance(names, Mapping) else dict(zip(names, names, strict=True))
    return {new: settings[old] for old, new in renamed.items() if isinstance(settings.get(old), str | int | float)}
