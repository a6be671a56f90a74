"""Read CSV in blocks of columns: with Arrow, and with Python's reader from where a file is not plainly divided.

A block ends where a row does. That can be seen from its quotes, if each opens a field, closes one or is doubled: then
Arrow's reader and Python's strict one divide it into the same fields. From the first block in which a quote is
elsewhere, or which Arrow refuses, Python's reads on: it says what is wrong, or finds that nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench.importers.batch import numbered
from wattbench.importers.table import csvrows
from wattbench.records.files.byte_order_marks import MARK_BYTES
from wattbench.records.files.csv_text import from_spreadsheet
from wattbench.records.files.regular_file import open_regular

BLOCK_BYTES = 8_000_000

_QUOTE, _LF, _CR = b'"\n\r'

Arrays = tuple[list[Any], Any, str]
"""An array per column, the line of each row, and what is around the line's number in messages."""


def names_of(path: Path) -> tuple[str, ...]:
    """Read the header.

    Raises:
        UserError: the file cannot be read, or does not begin with a row of CSV.
    """
    with open_regular(path) as file:
        return _header(path, file)[1]


def blocks(path: Path, columns: Sequence[str]) -> Iterator[Arrays]:
    """Yield blocks of some columns of the header, as texts.

    Raises:
        UserError: a row has more or fewer fields than the header, or is not CSV in UTF-8.
    """
    at = numbered(f"{path}:")
    with open_regular(path) as file:
        line, header = _header(path, file)
        positions = [header.index(name) for name in columns]
        byte = _to_begin(file)
        first_line = 1
        for data in _divided(file):
            read = _read(data, path, len(header), positions, first_line)
            if read is None:
                break
            arrays, lines = read
            of_header = 1 if first_line <= line else 0
            if len(lines) > of_header:
                yield [each.slice(of_header) for each in arrays], lines.slice(of_header), at
            byte += len(data)
            first_line += len(_line_ends(np.frombuffer(data, np.uint8)))
        else:
            return
        file.seek(byte)
        with closing(csvrows.rows(path, file, first_line)) as rows:
            if first_line <= line:
                next(rows)
            for texts, numbers in csvrows.columns(path, rows, len(header), positions):
                yield *_arrays(texts, numbers), at


def _header(path: Path, file: BufferedReader) -> tuple[int, tuple[str, ...]]:
    """Return the line of the header, and its names."""
    _to_begin(file)
    with closing(csvrows.rows(path, file, 1)) as rows:
        line, fields = next(rows, (1, []))
    return line, tuple(name.strip() for name in fields)


def _to_begin(file: BufferedReader) -> int:
    """Go to the first byte behind the byte-order marks at the beginning, and return its place."""
    at = file.seek(0)
    while file.read(len(MARK_BYTES)) == MARK_BYTES:
        at = file.tell()
    return file.seek(at)


def _has_marks(data: bytes) -> bool:
    """Return whether a line begins with a byte-order mark."""
    return data.startswith(MARK_BYTES) or any(end + MARK_BYTES in data for end in (b"\n", b"\r"))


def _arrays(texts: list[list[str]], numbers: list[int]) -> tuple[list[Any], Any]:
    import pyarrow as pa

    return [_plain(pa.array(each, pa.string())) for each in texts], pa.array(numbers, pa.int64())


def _divided(file: BufferedReader) -> Iterator[bytes]:
    """Yield the rest of a file in parts of whole rows. The last may be less than a row, or more than one may have."""
    rest = b""
    while True:
        new = file.read(BLOCK_BYTES)
        data = rest + new
        if len(new) < BLOCK_BYTES:
            if data:
                yield data
            return
        codes = np.frombuffer(data, np.uint8)
        ends = _row_ends(codes)
        if len(ends) and ends[-1] == len(codes) - 1 and codes[-1] == _CR:
            ends = ends[:-1]  # a line feed may follow
        if len(ends) == 0 and len(data) <= csvrows.MAX_ROW_BYTES:
            rest = data
            continue
        whole = int(ends[-1]) + 1 if len(ends) else len(data)
        yield data[:whole]
        rest = data[whole:]


def _line_ends(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the last byte of each line: a line feed, or a carriage return without one."""
    feeds = np.flatnonzero(codes == _LF)
    returns = np.flatnonzero(codes == _CR)
    if len(returns) == 0:
        return feeds
    alone = returns[codes[np.minimum(returns + 1, len(codes) - 1)] != _LF]
    return np.sort(np.concatenate([feeds, alone])) if len(alone) else feeds


def _row_ends(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return those ends of lines that are in no quotes."""
    ends, quotes = _line_ends(codes), np.flatnonzero(codes == _QUOTE)
    return ends if len(quotes) == 0 else ends[np.searchsorted(quotes, ends) % 2 == 0]


def _read(
    data: bytes, path: Path, width: int, positions: Sequence[int], first_line: int
) -> tuple[list[Any], Any] | None:
    """Return the columns of a part of a file, and the line of each row; None: it is for Python's reader."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv

    codes = np.frombuffer(data, np.uint8)
    delimiter = csvrows.delimiter_of(path)
    if len(data) > csvrows.MAX_ROW_BYTES or _has_marks(data) or not _plainly_quoted(codes, ord(delimiter)):
        return None
    names = [str(position) for position in range(width)]
    included = [names[position] for position in positions]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
            arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            arrow_csv.ConvertOptions(
                include_columns=included, column_types=dict.fromkeys(included, pa.string()), null_values=[]
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = _lines_of_rows(codes, first_line)
    arrays = [_plain(column.combine_chunks()) for column in table.columns]
    longest = max((pc.max(pc.binary_length(each)).as_py() or 0 for each in arrays), default=0)
    if table.num_rows != len(lines) or longest > csvrows.MAX_FIELD_CHARACTERS:
        return None
    return arrays, pa.array(lines)


def _plainly_quoted(codes: NDArray[np.uint8], delimiter: int) -> bool:
    """Return whether each quote of some rows opens a field, closes one, or is doubled in one."""
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = codes[opening[opening > 0] - 1]
    after = codes[closing[closing < len(codes) - 1] + 1]
    around = (delimiter, _LF, _CR, _QUOTE)
    return bool(np.isin(before, around).all() and np.isin(after, around).all())


def _lines_of_rows(codes: NDArray[np.uint8], first_line: int) -> NDArray[np.int64]:
    """Return the line on which each row begins; an empty line is no row."""
    starts = np.append(0, _row_ends(codes) + 1)
    starts = starts[starts < len(codes)]
    starts = starts[(codes[starts] != _LF) & (codes[starts] != _CR)]
    return np.asarray(first_line + np.searchsorted(_line_ends(codes), starts), np.int64)


def _plain(texts: Any) -> Any:
    """Return texts without what `for_spreadsheet` puts before those that a spreadsheet would run."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(pc.starts_with(texts, "'")).as_py():
        return texts
    return pa.array([from_spreadsheet(each) for each in texts.to_pylist()], pa.string())
