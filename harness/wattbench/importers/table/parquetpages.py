"""Check the footer and the page headers of a Parquet file before a page is unpacked.

A page states in its header how large it is when it is unpacked, and a reader makes room for that: 2 GB may be packed in
a few kB. Its texts may be larger yet, where it holds places in a dictionary, or what they have in common once. Arrow's
reader has no limit of its own, and the footer has sums only, which need not be true.

Source: parquet-format's parquet.thrift (`FileMetaData`, `PageHeader`, `Encoding`), in Thrift's compact protocol.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wattbench.errors import UserError

MAX_PAGE_BYTES = 128_000_000
"""Writers make pages of about 1 MB, or of about 1000 texts where these are long."""
MOST_UNFOLDED_BYTES = 500_000_000
"""Of the texts that are read at once, if each were as long as any can be."""
BATCH_BYTES = 64_000_000
"""Of what is read at once, by the mean size of the values of each page."""
MOST_VALUES = 50_000_000
"""Of a column in one row group: a page of a few bytes may hold one value a billion times, and a row a list of them."""

_MAX_HEADER_BYTES = 1_000_000
_DEEPEST = 16

_UNPACKED, _PACKED = 2, 3
"""The fields of `PageHeader` that hold sizes."""
_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8
"""Those that hold a header of that kind: values are field 1 of each."""
_ENCODING = {_DATA: 2, _DATA_V2: 4}
_PLACES_IN_DICTIONARY = (2, 8)
_COMMON_BEGINNINGS = 7


@dataclass
class Pages:
    """The kinds and sizes of values that the page headers of a column state."""

    only_places: bool = True
    """Whether all pages hold places in a dictionary."""
    longest_bytes: int = 0
    """No value is longer than this, where a page does not hold its values themselves."""
    bytes_per_value: float = 0.0
    """Of the page in which it is highest."""
    values: int = 0
    """Of all pages: more than rows, where a row holds a list."""


def look_at_pages(path: Path, file: IO[bytes], columns: Sequence[str]) -> list[dict[str, Pages]]:
    """Return what the page headers of some columns say, by row group and column.

    Where a column's pages are is read here, too: PyArrow ends the process over a footer whose statistics of sizes are
    damaged (26.0, `RowGroupMetaData.column`).

    Args:
        path: for messages.
        file: the same file; it is left where it was.
        columns: names at the top level.

    Raises:
        UserError: a page is too large when it is unpacked, or its header or the footer cannot be read.
    """
    before = file.tell()
    wanted = {name.partition(".")[0] for name in columns}
    groups: list[dict[str, Pages]] = []
    for chunks in _chunks(path, file):
        pages: dict[str, Pages] = {}
        for chunk in chunks:
            if chunk.column.partition(".")[0] in wanted:
                of_column = pages.setdefault(chunk.column, Pages())
                for header in _headers(path, file, chunk):
                    _add(path, chunk.column, of_column, header)
        groups.append(pages)
    file.seek(before)
    return groups


def rows_at_once(pages: dict[str, Pages], most: int) -> int:
    """Return how many rows fit in a bounded memory, whatever they hold.

    Args:
        pages: of the columns of a row group; those that are only places are read as such.
        most: rows.
    """
    mean = sum(each.bytes_per_value for each in pages.values())
    longest = sum(each.longest_bytes for each in pages.values() if not each.only_places)
    return max(1, min(most, int(BATCH_BYTES / max(mean, 1)), MOST_UNFOLDED_BYTES // max(longest, 1)))


def _add(path: Path, column: str, pages: Pages, header: dict[int, Any]) -> None:
    unpacked = header[_UNPACKED]
    if unpacked > MAX_PAGE_BYTES:
        raise UserError(
            f"{path}: a page of the column {column!r:.60} has {unpacked:,} bytes when it is unpacked; "
            f"{MAX_PAGE_BYTES:,} are read. Write smaller pages"
        )
    if isinstance(header.get(_DICTIONARY), dict):
        pages.longest_bytes = max(pages.longest_bytes, unpacked)
    for kind, field in _ENCODING.items():
        of_kind = header.get(kind)
        if not isinstance(of_kind, dict):
            continue
        encoding, values = of_kind.get(field), of_kind.get(1)
        if encoding not in _PLACES_IN_DICTIONARY:
            pages.only_places = False
        if encoding == _COMMON_BEGINNINGS:
            pages.longest_bytes = max(pages.longest_bytes, unpacked)
        if isinstance(values, int) and values > 0:
            pages.values += values
            if pages.values > MOST_VALUES:
                raise UserError(
                    f"{path}: the column {column!r:.60} has more than {MOST_VALUES:,} values in one row group; write "
                    "smaller ones"
                )
            pages.bytes_per_value = max(pages.bytes_per_value, unpacked / values)


def sizes(file: IO[bytes]) -> tuple[int, int]:
    """Return the size of a Parquet file, and the size of the footer that the file states."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    return size, int.from_bytes(file.read(8)[:4], "little")


def _chunks(path: Path, file: IO[bytes]) -> list[list[_Chunk]]:
    """Read from the footer where the pages of each column are, by row group."""
    size, length = sizes(file)
    file.seek(max(0, size - 8 - length))
    try:
        footer = _struct(io.BytesIO(file.read(length)), 0)
        return [[_Chunk.of(column[3]) for column in group[1]] for group in footer.get(4, [])]
    except (EOFError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"{path}: not a Parquet file that can be read (its footer is damaged)") from error


@dataclass(frozen=True)
class _Chunk:
    """Where the pages of a column of a row group are."""

    column: str
    begin: int
    size: int

    @classmethod
    def of(cls, metadata: dict[int, Any]) -> _Chunk:
        """Return the chunk that a `ColumnMetaData` describes."""
        first = [each for each in (metadata[9], metadata.get(11)) if each]
        return cls(b".".join(metadata[3]).decode(), int(min(first, default=0)), int(metadata[7]))


def _headers(path: Path, file: IO[bytes], chunk: _Chunk) -> Iterator[dict[int, Any]]:
    """Yield the header of each page of a column chunk: fields by number."""
    at, end = chunk.begin, chunk.begin + chunk.size
    while at < end:
        header, length = _header(file, at)
        packed, unpacked = header.get(_PACKED), header.get(_UNPACKED)
        if not isinstance(packed, int) or not isinstance(unpacked, int) or packed < 0 or unpacked < 0:
            raise UserError(f"{path}: the header of a page at byte {at:,} cannot be read")
        yield header
        at += length + packed


def _header(file: IO[bytes], at: int) -> tuple[dict[int, Any], int]:
    """Return the header at a position, and its length. Empty if the file ends before the header does."""
    for size in (256, _MAX_HEADER_BYTES):
        file.seek(at)
        data = io.BytesIO(file.read(size))
        try:
            return _struct(data, 0), data.tell()
        except EOFError:
            continue
    return {}, 0


def _struct(data: IO[bytes], depth: int) -> dict[int, Any]:
    """Read a struct of the compact protocol: its fields that are whole numbers, bytes, structs or lists of these."""
    if depth > _DEEPEST:
        raise EOFError
    values: dict[int, Any] = {}
    number = 0
    while kind := _byte(data):
        number = number + (kind >> 4) if kind >> 4 else _signed(data)
        value = _value(data, kind & 15, depth)
        if value is not None:
            values[number] = value
    return values


def _value(data: IO[bytes], kind: int, depth: int) -> Any:
    if kind in (4, 5, 6):
        return _signed(data)
    if kind == 12:
        return _struct(data, depth + 1)
    if kind == 8:
        return _bytes(data, _varint(data))
    if kind == 9:
        return _list(data, depth)
    if kind not in (1, 2, 3, 7):  # sets and maps are in no file
        raise EOFError
    _bytes(data, {3: 1, 7: 8}.get(kind, 0))  # true and false are in the type; a byte, a double
    return None


def _list(data: IO[bytes], depth: int) -> list[Any]:
    byte = _byte(data)
    size = _varint(data) if byte >> 4 == 15 else byte >> 4
    of_truths = byte & 15 in (1, 2)  # each takes a byte here
    return [_bytes(data, 1) if of_truths else _value(data, byte & 15, depth) for _ in range(size)]


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
    content = data.read(size)
    if len(content) < size:
        raise EOFError
    return content
