"""Change tables of Parquet and arrays of NumPy by what they mean: types, nulls, names, shapes; they stay readable."""

from __future__ import annotations

import io
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz import odd


def mutated_table(choose: Random, data: bytes) -> bytes:
    """Change a column of a Parquet file, or its rows; what is no Parquet file stays as it is."""
    try:
        table = pq.read_table(io.BytesIO(data))
    except (OSError, pa.ArrowException):
        return data
    if not table.num_columns or table.num_rows > 10_000:
        return data
    table = _changed(choose, table)
    sink = io.BytesIO()
    try:
        pq.write_table(table, sink, write_page_checksum=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return data
    return sink.getvalue()


def _changed(choose: Random, table: pa.Table) -> pa.Table:
    at = choose.randrange(table.num_columns)
    name, column = table.column_names[at], table.column(at)
    match choose.randrange(10):
        case 0:
            return table.drop_columns([name]) if table.column_names.count(name) == 1 else table
        case 1:
            names = list(table.column_names)
            names[at] = choose.choice([*odd.TEXTS[:20], *names])
            return table.rename_columns(names)
        case 2:
            return table.slice(choose.randrange(table.num_rows + 1))
        case 3:
            return pa.concat_tables([table, table])
        case 4:
            return _with(table, at, pa.nulls(table.num_rows, column.type))
        case 5:
            return _with(table, at, pa.nulls(table.num_rows))
        case 6:
            return _with(table, at, pa.array([_entry(choose)] * table.num_rows))
        case _:
            return _with(table, at, _one_changed(choose, column))


def _one_changed(choose: Random, column: pa.ChunkedArray) -> pa.Array:
    values: list[Any] = column.to_pylist()
    if values:
        values[choose.randrange(len(values))] = choose.choice([*values, None, *_like(column.type)])
    return _array(values, column.type)


def _with(table: pa.Table, at: int, values: pa.Array) -> pa.Table:
    return table.set_column(at, table.column_names[at], values)


def _entry(choose: Random) -> Any:
    return choose.choice(
        [1, -1, 0.5, float("nan"), float("inf"), 1e308, "x", "", b"\xff", True, 2**62, [1.0], ["a"], {"a": 1}, [[]]]
    )


def _like(kind: Any) -> list[Any]:
    """Return odd values of a type of Arrow's."""
    if pa.types.is_floating(kind):
        return [float("nan"), float("inf"), -float("inf"), 1e308, -1.0, -0.0, 1e-320]
    if pa.types.is_integer(kind):
        return [-1, 0, 2**31 - 1]
    if pa.types.is_list(kind):
        return [[], [None]]
    if pa.types.is_boolean(kind):
        return [True, False]
    return [text for text in odd.TEXTS if len(text) < 500]


def _array(values: list[Any], kind: Any) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, OverflowError, TypeError, UnicodeEncodeError):
        return pa.array([None] * len(values), kind)


def mutated_arrays(choose: Random, data: bytes) -> bytes:
    """Change an array of an ``.npz`` file, or its name; what is no such file stays as it is."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception:  # a file that was changed before can make its reader raise anything
        return data
    if not arrays:
        return data
    name = choose.choice(sorted(arrays))
    array = arrays[name]
    match choose.randrange(8):
        case 0:
            del arrays[name]
        case 1:
            arrays[choose.choice(("x", "../x", "a" * 300, ""))] = arrays.pop(name)
        case 2 if array.dtype.kind in "fiub":
            kind = choose.choice(("float16", "int8", "complex64", "bool", "S4", "U4"))
            with np.errstate(all="ignore"):
                arrays[name] = array.astype(kind, casting="unsafe")
        case 3:
            arrays[name] = array[..., None] if choose.random() < 0.5 else array.ravel()
        case 4:
            arrays[name] = array[: len(array) // 2] if array.ndim else array
        case 5:
            arrays[name] = np.zeros(choose.choice(((), (0,), (1, 1, 1), (3, 0))), array.dtype)
        case 6 if array.dtype.kind == "f" and array.size:
            array = array.copy()
            array.flat[choose.randrange(array.size)] = choose.choice((np.nan, np.inf, -np.inf, 1e300, -1e9))
            arrays[name] = array
        case _:
            arrays[name] = np.array(choose.choice([text for text in odd.TEXTS if len(text) < 500]))
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()
