"""Read the columns of a table of a run one at a time, part by part, in the fewest bytes that hold their values.

Ten million answers have a few systems and tasks, and numbers of which many are all the same or not there. Texts are
read as whole numbers with a list of the distinct texts, whole numbers in the smallest type that holds them, and a
column of one value as that value: next to what is kept, a part of a column is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattbench.errors import UserError
from wattbench.records.tables.damaged_table import damage_named, opened_table, parquet_file
from wattbench.records.tables.run_tables import check_columns

if TYPE_CHECKING:
    import pandas as pd

_PART_ROWS = 1_048_576
"""Rows of a column that are decoded at a time: a row group, as most writers make them."""

_MANY_ROWS = 65_536
"""Of a table with more, memory is given back after each column; of a smaller one that would take as long as reading."""


@dataclass(frozen=True)
class Coded:
    """A column of texts that is encoded as whole numbers."""

    codes: NDArray[np.integer[Any]]
    """Shape (rows,): which of `texts`; -1 where there is none."""
    texts: pa.LargeStringArray
    """The distinct ones."""

    def in_order(self) -> Self:
        """Return the column with its texts sorted by code points, so that codes compare as texts do."""
        order = pc.array_sort_indices(self.texts)
        position = np.empty(len(order) + 1, dtype=np.int64)
        position[order.to_numpy()] = np.arange(len(order))
        position[-1] = -1  # of code -1
        texts = self.texts.take(order)
        assert isinstance(texts, pa.LargeStringArray)
        return type(self)(position.astype(self.codes.dtype)[self.codes], texts)

    def rows(self, kept: NDArray[np.bool_] | None) -> Self:
        """Return the column with some of its rows. None selects all rows."""
        return self if kept is None else type(self)(self.codes[kept], self.texts)

    def series(self, rows: NDArray[np.integer[Any]] | slice = slice(None)) -> pd.Series:
        """Return the texts of some rows as a series; rows without a text are missing values."""
        import pandas as pd

        codes = self.codes[rows]
        return pd.Series(pd.array(self.texts.take(pa.array(codes, mask=codes < 0)), dtype="str"))


class TableColumns:
    """A table of a run: `items.parquet` or `windows.parquet`. A context manager."""

    def __init__(self, path: Path, kept: NDArray[np.bool_] | None = None) -> None:
        """Open the table.

        Args:
            path: of the table.
            kept: shape (rows of the file,): which rows are read; None: all.

        Raises:
            UserError: it cannot be read, or a column is of another type than its name says.
        """
        self.path = path
        self._kept = kept
        with opened_table(path) as file, damage_named(path):
            metadata = file.metadata
            self._schema = metadata.schema.to_arrow_schema()
        texts = [
            each.name for each in self._schema if pa.types.is_string(each.type) or pa.types.is_large_string(each.type)
        ]
        # One column is read at a time: to read it ahead would wake another thread for each.
        self._file = parquet_file(path, metadata=metadata, read_dictionary=texts, pre_buffer=False)
        check_columns(path, self._schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close(force=True)

    def __contains__(self, name: str) -> bool:
        return name in self._schema.names

    @property
    def rows(self) -> int:
        """Count the rows that are read."""
        return int(self._file.metadata.num_rows if self._kept is None else np.count_nonzero(self._kept))

    def require(self, names: Sequence[str]) -> None:
        """Check that the table has these columns.

        Raises:
            UserError: some are missing.
        """
        missing = [name for name in names if name not in self]
        if missing:
            raise UserError(
                f"{self.path}: no column {', '.join(missing)}; it was not written by this version of wattbench"
            )

    def holds_numbers(self, name: str) -> bool:
        """Return whether a column holds numbers, or no values at all."""
        of = self._schema.field(name).type
        return bool(pa.types.is_floating(of) or pa.types.is_integer(of) or pa.types.is_null(of))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, shape (rows,): NaN for rows without one. It may be read-only.

        Raises:
            UserError: it cannot be read, or holds something else.
        """
        return self._joined(self.parts(name), self.rows)

    def numbers_at(self, name: str, rows: NDArray[np.integer[Any]] | slice) -> NDArray[np.float64]:
        """Return some rows of a column of numbers: NaN for rows without one. Rows as in `parts_at`."""
        count = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        return self._joined(self.parts_at(name, rows), count)

    def _joined(self, parts: Iterator[pa.Array], count: int) -> NDArray[np.float64]:
        values = np.empty(0)
        one: float | None = None
        at = 0
        for part in parts:
            nothing = part.null_count == len(part)
            with damage_named(self.path):
                read = (
                    np.broadcast_to(np.nan, (len(part),))
                    if nothing
                    else pc.cast(part, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
                )
            if at == 0 and len(read):
                one = float(read[0])
            if one is not None and not (np.isnan(one) if nothing else _all_are(read, one)):
                values, one = np.full(count, one), None
            if one is None:
                values[at : at + len(read)] = read
            at += len(read)
        return values if one is None else np.broadcast_to(np.float64(one), (at,))

    def whole_numbers(self, name: str) -> NDArray[np.integer[Any]]:
        """Return a column of whole numbers, shape (rows,), in the smallest type that holds them.

        Raises:
            UserError: it cannot be read, or holds something else, or nothing in some row.
        """
        values = np.empty(self.rows, dtype=np.int32)
        at = 0
        for part in self.parts(name):
            if part.null_count:
                raise UserError(f"{self.path}: some {name} are missing; the record is damaged")
            with damage_named(self.path):
                read = pc.cast(part, pa.int64()).to_numpy()
            if len(read) and not np.can_cast(_holding(read), values.dtype):
                values = values.astype(np.int64)
            values[at : at + len(read)] = read
            at += len(read)
        return values.astype(_holding(values), copy=False) if at else values

    def coded(self, name: str) -> Coded:
        """Return a column of encoded texts; the distinct texts are in the order of their first rows.

        Raises:
            UserError: it cannot be read, or holds something else.
        """
        codes = np.empty(self.rows, dtype=np.int8)
        texts = pa.array([], pa.large_string())
        at = 0
        for part in self.parts(name):
            with damage_named(self.path):
                encoded = _encoded(part)
                read = encoded.dictionary
                number_of = pc.index_in(read, texts)
                new = pc.is_null(number_of).to_numpy(zero_copy_only=False)
                added = read.filter(pa.array(new))
                added.validate(full=True)  # texts are UTF-8
                position = pc.fill_null(number_of, -1).to_numpy(zero_copy_only=False).astype(np.int64)
                position[new] = len(texts) + np.arange(len(added))
                texts = pa.concat_arrays([texts, added])
                position = np.append(position, -1)
                codes = codes.astype(np.promote_types(codes.dtype, np.min_scalar_type(-len(texts) - 1)), copy=False)
                codes[at : at + len(part)] = position[pc.fill_null(encoded.indices, len(position) - 1).to_numpy()]
            at += len(part)
        return Coded(codes.astype(np.min_scalar_type(-len(texts) - 1), copy=False), texts)

    def parts(self, name: str) -> Iterator[pa.Array]:
        """Yield a column in parts, in the order of the file; texts are dictionaries if the file has them so.

        Raises:
            UserError: it cannot be read.
        """
        self.require((name,))
        at = 0
        with damage_named(self.path):
            for groups in self._groups():
                for batch in self._file.iter_batches(_PART_ROWS, row_groups=groups, columns=[name], use_threads=False):
                    part = batch.column(0)
                    if at + len(part) > self._file.metadata.num_rows:
                        raise self._uneven(name)
                    yield part if self._kept is None else part.filter(pa.array(self._kept[at : at + len(part)]))
                    at += len(part)
        if at != self._file.metadata.num_rows:
            raise self._uneven(name)
        self._release()

    def _uneven(self, name: str) -> UserError:
        rows = self._file.metadata.num_rows
        return UserError(f"{self.path}: the column {name} has not as many rows as the table, {rows:,}; it is damaged")

    def _release(self) -> None:
        """Give the memory that PyArrow keeps for further columns back to the operating system."""
        if self._file.metadata.num_rows > _MANY_ROWS:
            pa.default_memory_pool().release_unused()

    def _groups(self) -> Iterator[list[int]]:
        """Yield lists of a few row groups to read together, as PyArrow keeps every text of a list in memory."""
        metadata, together, rows = self._file.metadata, list[int](), 0
        for group in range(metadata.num_row_groups):
            together.append(group)
            rows += metadata.row_group(group).num_rows
            if rows >= _PART_ROWS // 2 or group == metadata.num_row_groups - 1:
                yield together
                together, rows = [], 0

    def parts_at(self, name: str, rows: NDArray[np.integer[Any]] | slice) -> Iterator[pa.Array]:
        """Yield some rows of a column in parts. Row groups without any of these rows are not read.

        Args:
            name: of the column.
            rows: places in the file, ascending; or a slice of it, its two ends given.

        Raises:
            UserError: it cannot be read.
        """
        self.require((name,))
        metadata, start = self._file.metadata, 0
        with damage_named(self.path):
            for group in range(metadata.num_row_groups):
                end = start + metadata.row_group(group).num_rows
                if _inside(rows, start, end)[1] > 0:
                    at = start
                    for batch in self._file.iter_batches(_PART_ROWS, row_groups=[group], columns=[name]):
                        first, count = _inside(rows, at, at + len(batch))
                        if isinstance(rows, slice):
                            yield batch.column(0).slice(first, count)
                        elif count:
                            yield batch.column(0).take(pa.array(rows[first : first + count] - at))
                        at += len(batch)
                start = end
        self._release()


def _encoded(part: pa.Array) -> pa.DictionaryArray:
    """Encode texts as numbers. The distinct texts are in the order of their first occurrence.

    As the file has them, where that is their order there: no text is then read once for every row.
    """
    if pa.types.is_dictionary(part.type):
        texts, used = pc.cast(part.dictionary, pa.large_string()), pc.unique(part.indices).drop_null()
        if np.array_equal(used.to_numpy(), np.arange(len(texts))) and len(pc.unique(texts)) == len(texts):
            return pa.DictionaryArray.from_arrays(part.indices, texts)
        part = part.dictionary_decode()
    return pc.cast(part, pa.large_string()).dictionary_encode()


def _inside(rows: NDArray[np.integer[Any]] | slice, start: int, end: int) -> tuple[int, int]:
    """Return the position of the first selected row between `start` and `end`, and the number of these rows.

    Of a slice the first is counted from `start`, of places it is one of them.
    """
    if isinstance(rows, slice):
        first = min(max(rows.start, start), end)
        return first - start, max(min(rows.stop, end) - first, 0)
    first, last = np.searchsorted(rows, (start, end))
    return int(first), int(last - first)


def _all_are(values: NDArray[np.float64], one: float) -> bool:
    return bool(np.isnan(values).all() if np.isnan(one) else (values == one).all())


def _holding(values: NDArray[np.integer[Any]]) -> np.dtype[Any]:
    """Return the smallest signed integer type that holds these values."""
    low, high = int(values.min()), int(values.max())
    return np.min_scalar_type(min(low, -high - 1))
