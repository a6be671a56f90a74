"""Open a table of a run; errors name the table, also where it turns out to be damaged later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError
from wattbench.records.files.regular_file import MOST_BYTES, open_record


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn errors of PyArrow and of the disk into a sentence that names the table.

    Args:
        path: of the table.

    Raises:
        UserError: the table could not be read inside.
    """
    try:
        yield
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error


def parquet_file(path: Path, **options: Any) -> pq.ParquetFile:
    """Open a table of a run. Close it with `force=True`, as PyArrow does not close files that it did not open.

    Args:
        path: of the table.
        options: of `pyarrow.parquet.ParquetFile`.

    Raises:
        UserError: it cannot be opened, or is no Parquet file.
    """
    with damage_named(path):
        return pq.ParquetFile(open_record(path, MOST_BYTES), page_checksum_verification=True, **options)


@contextmanager
def opened_table(path: Path, **options: Any) -> Iterator[pq.ParquetFile]:
    """Open a table of a run, as `parquet_file` does; it is closed at the end.

    Raises:
        UserError: it cannot be opened, or turns out to be damaged inside.
    """
    file = parquet_file(path, **options)
    try:
        with damage_named(path):
            yield file
    finally:
        file.close(force=True)
