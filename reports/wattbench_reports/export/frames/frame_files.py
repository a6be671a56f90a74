"""Write any data frame as CSV that is safe in a spreadsheet, or as Parquet with types."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.records.files.csv_text import LineFeeds, for_spreadsheet

if TYPE_CHECKING:
    import pandas as pd


def frame_as_csv(frame: pd.DataFrame, *, header: bool = True) -> bytes:
    """Return CSV in UTF-8 at full precision: `true` and `false`, an empty field for a missing value.

    A text that a spreadsheet would run as a formula has an apostrophe before it.

    Args:
        frame: the rows.
        header: whether the names of the columns come first.
    """
    import pandas as pd

    plain = frame.copy()
    for name in plain.columns:
        if pd.api.types.is_bool_dtype(plain[name]):
            plain[name] = plain[name].map({True: "true", False: "false"})
        elif not pd.api.types.is_numeric_dtype(plain[name]):
            cells: list[Any] = [for_spreadsheet(each) for each in plain[name]]
            plain[name] = cells
    text = LineFeeds()
    plain.to_csv(text, index=False, header=header, lineterminator="\r\n")
    return text.getvalue().encode()


def frame_as_parquet(frame: pd.DataFrame) -> bytes:
    """Return Parquet, compressed with zstd, without the index."""
    sink = io.BytesIO()
    frame.to_parquet(sink, index=False, compression="zstd")
    return sink.getvalue()


def parts_as_csv(parts: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    """Yield the parts of one CSV file from frames with the same columns, each written as `frame_as_csv` does."""
    for number, part in enumerate(parts):
        yield frame_as_csv(part, header=number == 0)


def parts_as_parquet(parts: Iterable[pd.DataFrame]) -> Iterator[bytes]:
    """Yield frames with the same columns and types as one Parquet file, each a row group, as `frame_as_parquet`."""
    rest = iter(parts)
    first = next(rest)
    sink = _Sink()
    schema = pa.Schema.from_pandas(first, preserve_index=False)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for part in itertools.chain([first], rest):
            writer.write_table(pa.Table.from_pandas(part, schema, preserve_index=False))
            yield sink.written()
    yield sink.written()


class _Sink(io.RawIOBase):
    """A file in memory whose content can be taken out piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(self._parts[-1])

    def written(self) -> bytes:
        """Return the bytes that were written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
