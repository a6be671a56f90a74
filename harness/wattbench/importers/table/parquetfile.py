"""Read Parquet in blocks of columns, with limits to what a small file may unpack to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wattbench.errors import UserError
from wattbench.importers.batch import numbered
from wattbench.importers.spool import MOST_ANSWERS
from wattbench.importers.table import parquetpages
from wattbench.importers.table.csvfile import MAX_FIELD_CHARACTERS
from wattbench.records.files.regular_file import open_regular

MAX_FOOTER_BYTES = 32_000_000
"""Of the description of the columns and row groups: 10,000 columns take less than 1 MB per row group."""
MAX_FIELD_BYTES = 4 * MAX_FIELD_CHARACTERS
MOST_TIMES = 1000
"""How much larger than the file its texts may be, from `FREE_BYTES` on: beyond it is made to exhaust a reader."""
FREE_BYTES = 1_000_000_000
ROWS = 65_536
BLOCK_BYTES = 32_000_000

Arrays = tuple[list[Any], Any, str]
"""As in `wattbench.importers.table.csvfile`."""


def names_of(path: Path) -> tuple[str, ...]:
    """Read the names of the columns.

    Raises:
        UserError: it is not a Parquet file that can be read.
    """
    with open_regular(path) as file, _opened(path, file) as parquet:
        return tuple(parquet.schema_arrow.names)


def blocks(path: Path, columns: Sequence[str]) -> Iterator[Arrays]:
    """Yield blocks of some columns, of their own types.

    Raises:
        UserError: the file cannot be read, or unfolds to too much.
    """
    row = 0
    at = numbered(f"{path}: row ")
    try:
        with open_regular(path) as file, _opened(path, file) as plain:
            if plain.metadata.num_rows > MOST_ANSWERS:
                raise UserError(
                    f"{path}: {plain.metadata.num_rows:,} rows; a run can have {MOST_ANSWERS:,} answers: divide it"
                )
            pages = parquetpages.look_at_pages(path, file, columns)
            texts = {each.name for each in plain.schema_arrow if _is_text(each.type)}
            places = [
                name
                for name in columns
                if name in texts and all(name in each and each[name].only_places for each in pages)
            ]
            with _opened(path, file, places) as parquet:
                for arrays in _blocks(path, _batches(parquet, pages, columns), columns):
                    lines = np.arange(row + 1, row + len(arrays[0]) + 1)
                    yield arrays, pa.array(lines), at
                    row += len(lines)
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise UserError(f"{path}: the file cannot be read after row {row} ({error})") from error


def _opened(path: Path, file: BufferedReader, places: Sequence[str] = ()) -> Any:
    """Open a file, unless its footer is too long.

    Args:
        path: for messages.
        file: the same file.
        places: columns of texts that are to be read as a dictionary and places in it.
    """
    _check_footer(path, file)
    try:
        return pq.ParquetFile(file, read_dictionary=places, buffer_size=1_000_000, page_checksum_verification=True)
    except (OSError, UnicodeError, pa.ArrowException) as error:
        raise UserError(f"{path}: not a Parquet file that can be read ({error})") from error


def _check_footer(path: Path, file: BufferedReader) -> None:
    size, length = parquetpages.sizes(file)
    file.seek(0)
    if MAX_FOOTER_BYTES < length < size:
        raise UserError(
            f"{path}: the description of its columns and row groups has {length:,} bytes; {MAX_FOOTER_BYTES:,} are read"
        )


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _batches(parquet: Any, pages: Sequence[dict[str, parquetpages.Pages]], columns: Sequence[str]) -> Iterator[Any]:
    for group, of_group in enumerate(pages):
        yield from parquet.iter_batches(
            parquetpages.rows_at_once(of_group, ROWS), row_groups=[group], columns=list(columns), use_threads=False
        )


def _blocks(path: Path, batches: Iterator[Any], columns: Sequence[str]) -> Iterator[list[Any]]:
    """Yield the columns of batches, with their texts unfolded, in blocks of a bounded size.

    Raises:
        UserError: the texts are too much for the size of the file.
    """
    most = max(FREE_BYTES, MOST_TIMES * path.stat().st_size)
    held: list[list[Any]] = []
    rows = size = unfolded = before = 0
    for batch in batches:
        for name in columns:
            if (number := batch.schema.names.count(name)) != 1:
                raise UserError(f"{path}: not a Parquet file that can be read ({number} columns {name!r:.60})")
        arrays = [batch.column(name) for name in columns]
        for piece, piece_size in _pieces(path, arrays, before):
            unfolded += piece_size
            if unfolded > most:
                raise UserError(
                    f"{path}: its texts are more than {MOST_TIMES:,} times as large as the file, and over "
                    f"{FREE_BYTES:,} bytes: it is made to exhaust its reader"
                )
            held.append(piece)
            rows, size = rows + len(piece[0]), size + piece_size
            if rows >= ROWS or size >= BLOCK_BYTES:
                yield _together(held)
                held, rows, size = [], 0, 0
        before += batch.num_rows
    if held:
        yield _together(held)


def _together(pieces: Sequence[list[Any]]) -> list[Any]:
    return [pa.concat_arrays(arrays) for arrays in zip(*pieces, strict=True)] if len(pieces) > 1 else pieces[0]


def _pieces(path: Path, arrays: Sequence[Any], row: int) -> Iterator[tuple[list[Any], int]]:
    """Yield the rows of a batch in parts, each with the size of its unfolded texts, which is bounded."""
    sizes = np.zeros(len(arrays[0]), np.int64)
    for array in arrays:
        sizes += _bytes_of(path, array, row)
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + BLOCK_BYTES)))
        yield [_unfolded(array.slice(start, stop - start)) for array in arrays], int(ends[stop - 1]) - before
        start = stop


def _bytes_of(path: Path, array: Any, row: int) -> Any:
    """Return the size of each value of a column in bytes."""
    if pa.types.is_dictionary(array.type) and _is_text(array.type.value_type):
        lengths = pc.binary_length(array.dictionary).take(array.indices)
    elif _is_text(array.type) or pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        lengths = pc.binary_length(array)
    else:
        return np.full(len(array), array.nbytes // max(1, len(array)), np.int64)
    sizes = pc.fill_null(lengths, 0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    if len(sizes) and sizes.max() > MAX_FIELD_BYTES:
        at = row + int(np.argmax(sizes > MAX_FIELD_BYTES)) + 1
        raise UserError(f"{path}: row {at}: a text of {sizes.max():,} bytes; {MAX_FIELD_BYTES:,} are read")
    return sizes + 4  # its place


def _unfolded(array: Any) -> Any:
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
