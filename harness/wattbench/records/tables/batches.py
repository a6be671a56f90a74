"""Write the tables of a run by batches, for runs with more rows than memory has room for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wattbench.records.files.atomic_write import open_atomically
from wattbench.records.rows.windows import WindowRow
from wattbench.records.tables.run_tables import calls_schema, items_schema, rows_of_windows, windows_schema
from wattbench.redaction import hide_known, known

GROUP_ROWS = 131_072
"""Rows that are written, and can be read, at once."""
GROUP_BYTES = 64_000_000
"""Less rows than that, where their texts are long."""
WINDOW_ROWS = 8_192
"""Windows that are in memory, and written, at once: each has several JSON objects."""

_SHORTEST = 6
"""Bytes of the shortest text that could hold a secret."""
_DIGEST = "^[0-9a-f]{64}$"
"""A SHA-256, in which a piece of a secret would be chance."""


def write_items(path: Path, batches: Iterable[Any]) -> int:
    """Write an `items.parquet`, completely or not at all, and return its number of rows.

    A thread compresses a row group while the next one is gathered.

    Args:
        path: of the table.
        batches: record batches with the schema of the table.

    Raises:
        UserError: it cannot be written.
    """
    return _write(path, items_schema(), batches)


def write_calls(path: Path, batches: Iterable[Any]) -> int:
    """Write a `calls.parquet` as `write_items` does; without batches, write nothing.

    Raises:
        UserError: it cannot be written.
    """
    rest = iter(batches)
    first = next(rest, None)
    return 0 if first is None else _write(path, calls_schema(), itertools.chain([first], rest))


def _write(path: Path, schema: Any, batches: Iterable[Any]) -> int:
    rows = 0
    with (
        open_atomically(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        written: Future[None] | None = None
        for group in _groups(batches):
            if written is not None:
                written.result()
            written = pool.submit(writer.write_table, group, row_group_size=GROUP_ROWS)
            rows += group.num_rows
        if written is not None:
            written.result()
    return rows


def write_windows(path: Path, windows: Iterable[WindowRow]) -> int:
    """Write a `windows.parquet`, completely or not at all, and return its number of rows.

    Raises:
        UserError: it cannot be written.
    """
    schema, rest, rows = windows_schema(), iter(windows), 0
    with (
        open_atomically(path) as file,
        pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer,
    ):
        while group := list(itertools.islice(rest, WINDOW_ROWS)):
            writer.write_table(pa.Table.from_pylist(hide_known(rows_of_windows(group)), schema=schema))
            rows += len(group)
    return rows


def _groups(batches: Iterable[Any]) -> Iterator[Any]:
    """Join batches to tables of about one row group each: smaller ones compress and read badly."""
    held: list[Any] = []
    rows = 0
    size = 0
    for batch in batches:
        hidden = _without_secrets(batch)
        held.append(hidden)
        rows, size = rows + hidden.num_rows, size + hidden.nbytes
        if size >= GROUP_BYTES or rows >= GROUP_ROWS:
            table = pa.Table.from_batches(held)
            whole = rows if size >= GROUP_BYTES else rows - rows % GROUP_ROWS
            yield table.slice(0, whole)
            held = table.slice(whole).to_batches()
            rows -= whole
            size = 0
    if rows:
        yield pa.Table.from_batches(held)


def _without_secrets(batch: Any) -> Any:
    """Hide the secrets of this process in the texts of a batch."""
    if not known:
        return batch
    columns = [_hidden(column) if pa.types.is_string(column.type) else column for column in batch.columns]
    for at, column in enumerate(columns):
        if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            columns[at] = pa.ListArray.from_arrays(column.offsets, _hidden(column.values))
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _hidden(texts: Any) -> Any:
    encoded = texts.dictionary_encode()
    values = encoded.dictionary
    harmless = pc.or_(pc.less(pc.binary_length(values), _SHORTEST), pc.match_substring_regex(values, _DIGEST))
    before = values.filter(pc.invert(harmless)).to_pylist()
    after = hide_known(before)
    if after == before:
        return texts
    changed = dict(zip(before, after, strict=True))
    return pa.array([changed.get(each, each) for each in values.to_pylist()], pa.string()).take(encoded.indices)
