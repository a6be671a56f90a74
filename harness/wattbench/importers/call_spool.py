"""Keep the model calls of an import on disk, as `wattbench.importers.spool` keeps its answers."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from wattbench.errors import UserError
from wattbench.importers.spool import MEMORY_BYTES
from wattbench.records import CallRow, MeteredCallRow
from wattbench.records.tables.run_tables import calls_schema

MOST_CALLS = 20_000_000
"""More are refused: a run could not be read."""

ROWS = 10_000
"""Calls per batch."""


class CallSpool:
    """Model calls in the order in which they were read; a file without a name holds them once they are many."""

    def __init__(self) -> None:
        self._rows = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)  # noqa: SIM115 - it ends with the import

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[CallRow]:
        self._file.seek(0)
        for line in self._file:
            yield CallRow(**json.loads(line))

    def append(self, row: CallRow) -> None:
        """Keep a call.

        Raises:
            UserError: there are too many, or they cannot be written.
        """
        self._rows += 1
        if self._rows > MOST_CALLS:
            raise UserError(f"more than {MOST_CALLS:,} model calls: import the systems separately")
        try:
            self._file.write(json.dumps(row.as_json()).encode() + b"\n")
        except OSError as error:
            raise UserError(f"the model calls cannot be kept on disk ({error.strerror})") from error


def call_batches(calls: Iterable[CallRow], run: str) -> Iterator[Any]:
    """Yield the rows of a run's `calls.parquet` as record batches: without joules, as no source has any of a call."""
    rest = iter(calls)
    while chunk := list(itertools.islice(rest, ROWS)):
        rows = [MeteredCallRow(**vars(each), run=run, window="").as_json() for each in chunk]
        yield pa.RecordBatch.from_pylist(rows, schema=calls_schema())
