"""Check the sizes of the pages of a Parquet file before one is unpacked.

A page states in its header how large it is when it is unpacked, and a reader makes room for that: 2 GB may be packed in
a few kB. Arrow's reader has no limit of its own, and the footer has sums only, which need not be true.

Source: parquet-format's parquet.thrift (`PageHeader`), in Thrift's compact protocol.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from wattbench.errors import UserError

MAX_PAGE_BYTES = 128_000_000
"""Writers make pages of about 1 MB, or of about 1000 texts where these are long."""

_MAX_HEADER_BYTES = 1_000_000
_UNPACKED, _PACKED = 2, 3
"""The fields of `PageHeader` that hold sizes."""
_DEEPEST = 16


def check_pages(path: Path, file: IO[bytes], parquet: Any, columns: Sequence[str]) -> None:
    """Check every page of some columns.

    Args:
        path: for messages.
        file: the same file; it is left where it was.
        parquet: a `pyarrow.parquet.ParquetFile`.
        columns: names at the top level.

    Raises:
        UserError: a page is too large when it is unpacked, or its header cannot be read.
    """
    metadata = parquet.metadata
    before = file.tell()
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(index)
            if chunk.path_in_schema.partition(".")[0] not in {name.partition(".")[0] for name in columns}:
                continue
            for unpacked in _pages(path, file, chunk):
                if unpacked > MAX_PAGE_BYTES:
                    raise UserError(
                        f"{path}: a page of the column {chunk.path_in_schema!r:.60} has {unpacked:,} bytes when it is "
                        f"unpacked; {MAX_PAGE_BYTES:,} are read. Write smaller pages"
                    )
    file.seek(before)


def _pages(path: Path, file: IO[bytes], chunk: Any) -> Iterator[int]:
    """Yield the size of each page of a column chunk, unpacked."""
    first = [chunk.data_page_offset, chunk.dictionary_page_offset if chunk.has_dictionary_page else None]
    at = min(each for each in first if each is not None and each > 0) if any(first) else 0
    end = at + chunk.total_compressed_size
    while at < end:
        file.seek(at)
        head = io.BytesIO(file.read(256))
        try:
            fields = _sizes(head)
        except EOFError:
            file.seek(at)
            head = io.BytesIO(file.read(_MAX_HEADER_BYTES))
            try:
                fields = _sizes(head)
            except EOFError as error:
                raise UserError(f"{path}: the header of a page at byte {at:,} cannot be read") from error
        packed, unpacked = fields.get(_PACKED, -1), fields.get(_UNPACKED, -1)
        if packed < 0 or unpacked < 0:
            raise UserError(f"{path}: the header of a page at byte {at:,} cannot be read")
        yield unpacked
        at += head.tell() + packed


def _sizes(data: IO[bytes]) -> dict[int, int]:
    """Read a `PageHeader`: its fields that are whole numbers."""
    found: dict[int, int] = {}
    number = 0
    while kind := _byte(data):
        number = number + (kind >> 4) if kind >> 4 else _signed(data)
        if kind & 15 in (4, 5, 6):
            found[number] = _signed(data)
        else:
            _pass_over(data, kind & 15, 0)
    return found


def _pass_over(data: IO[bytes], kind: int, depth: int) -> None:
    """Pass over a value of one of the types of the compact protocol."""
    if depth > _DEEPEST:
        raise EOFError
    if kind in (1, 2, 3, 7):  # true and false are in the type; a byte, a double
        _bytes(data, {3: 1, 7: 8}.get(kind, 0))
    elif kind in (4, 5, 6):
        _varint(data)
    elif kind == 8:
        _bytes(data, _varint(data))
    elif kind == 12:
        while inner := _byte(data):
            if not inner >> 4:
                _signed(data)
            _pass_over(data, inner & 15, depth + 1)
    else:  # lists and maps are in no header
        raise EOFError


def _varint(data: IO[bytes]) -> int:
    value = shift = 0
    while True:
        byte = _byte(data)
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value
        if shift > 63:
            raise EOFError


def _signed(data: IO[bytes]) -> int:
    value = _varint(data)
    return (value >> 1) ^ -(value & 1)


def _byte(data: IO[bytes]) -> int:
    return _bytes(data, 1)[0]


def _bytes(data: IO[bytes], size: int) -> bytes:
    found = data.read(size)
    if len(found) < size:
        raise EOFError
    return found
