"""Write `windows.parquet` by record batches, for runs with more windows than memory has room for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.records.files.atomic_write import open_atomically
from wattbench.records.rows.windows import WindowRow
from wattbench.records.tables.run_tables import rows_of_windows, windows_schema
from wattbench.redaction import hide_known

GROUP_ROWS = 8_192
"""Rows that are in memory, and written, at once: each has several JSON objects."""


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
        while group := list(itertools.islice(rest, GROUP_ROWS)):
            writer.write_table(pa.Table.from_pylist(hide_known(rows_of_windows(group)), schema=schema))
            rows += len(group)
    return rows
