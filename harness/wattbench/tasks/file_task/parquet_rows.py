"""Read a Parquet file row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError

_BATCH = 1000


def parquet_rows(path: Path, most_rows: int, most_bytes: int) -> Iterator[tuple[str, dict[str, Any]]]:
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
