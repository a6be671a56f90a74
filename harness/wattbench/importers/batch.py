"""Define the Arrow batches in which answers pass from a reader to a run, and convert `Answer` from and to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any

import pyarrow as pa

from wattbench.importers.answer import Answer
from wattbench.records.tables.run_tables import arrow_schema

ROWS = 10_000
"""Answers per batch, of readers that make an `Answer` of each."""

BYTES = 32_000_000
"""Texts per batch, about."""

_LINE = "\0"
"""Where the line's number goes in `at`: no path and no name has this character."""

_OF_ANSWER = {each.name: each for each in arrow_schema(Answer) if each.name not in ("where", "metrics")}


def _fields(kind: Any, *, nullable: bool) -> tuple[str, ...]:
    return tuple(each.name for each in _OF_ANSWER.values() if (each.type, each.nullable) == (kind, nullable))


TEXTS = _fields(pa.string(), nullable=False)
"""Empty where the source has none."""
OPTIONAL_TEXTS = _fields(pa.string(), nullable=True)
"""Null where the source has none. What follows is too, but for `repeat`."""
FIGURES = _fields(pa.float64(), nullable=True)
COUNTS = ("repeat", *_fields(pa.int64(), nullable=True))
LISTS = ("token_seconds",)
"""Empty where the source has none."""


@cache
def schema() -> Any:
    """Return the schema: a column per field of `Answer`, with `at` and `line` in place of `where`.

    `at` has a NUL in the place of the number of the line or row, which is in `line`; without one it is all of `where`.
    """
    of_answer = {name: each.type for name, each in _OF_ANSWER.items()}
    return pa.schema({"at": pa.string(), "line": pa.int64(), "metrics": pa.string(), **of_answer})


def numbered(before: str, after: str = "") -> str:
    """Return a template for positions: the number of a line or row, between two texts."""
    return f"{before}{_LINE}{after}"


def position(at: str, line: int | None) -> str:
    """Return the position of an answer for messages, such as ``file:line``, from its template and number."""
    return at if line is None else at.replace(_LINE, str(line))


def batches_of(answers: Iterable[Answer]) -> Iterator[Any]:
    """Yield answers in record batches of bounded size."""
    every = iter(answers)
    while chunk := list(_chunk(every)):
        yield batch_of(chunk)


def _chunk(answers: Iterator[Answer]) -> Iterator[Answer]:
    size = 0
    for answer in islice(answers, ROWS):
        yield answer
        size += len(answer.prompt) + len(answer.answer) + len(answer.filtered) + len(answer.target)
        if size > BYTES:
            return


def batch_of(answers: Sequence[Answer]) -> Any:
    """Return answers as a record batch."""
    columns: dict[str, list[Any]] = {
        "at": [utf8(each.where) for each in answers],
        "line": [None] * len(answers),
        "metrics": [json.dumps(dict(each.metrics), default=str) for each in answers],
    }
    for name in _OF_ANSWER:
        values = [getattr(each, name) for each in answers]
        columns[name] = (
            [None if each is None else utf8(each) for each in values] if name in (*TEXTS, *OPTIONAL_TEXTS) else values
        )
    return pa.RecordBatch.from_pydict(columns, schema=schema())


def answers_of(batch: Any) -> Iterator[Answer]:
    """Yield the answers of a record batch."""
    for row in batch.to_pylist():
        where = position(row.pop("at"), row.pop("line"))
        lists = {name: tuple(row[name]) for name in LISTS}
        yield Answer(**{**row, **lists, "where": where, "metrics": json.loads(row["metrics"])})


def utf8(text: str) -> str:
    """Escape half a surrogate pair, which JSON allows and UTF-8 does not."""
    return text.encode("utf-8", "backslashreplace").decode()
