"""Build the Parquet tables at the end of a run: typed columns for pandas, DuckDB and other readers of many runs."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from wattbench.errors import UserError
from wattbench.records.layout import RunLayout
from wattbench.records.rows.answers import ItemRow, ScoreRow
from wattbench.records.rows.calls import MeteredCallRow
from wattbench.records.rows.windows import WindowRow
from wattbench.records.tables.damaged_table import opened_table
from wattbench.redaction import hide_known


@cache
def arrow_schema(row: type) -> Any:
    """Return the Arrow schema of the fields of a dataclass: null where they may be None, and lists and objects in
    lists as such. An object of its own is text, in JSON, as its keys vary."""
    hints = get_type_hints(row)
    return pa.schema([_column(each.name, hints[each.name]) for each in fields(row)])


def _column(name: str, hint: Any) -> Any:
    known = _without_none(hint)
    return pa.field(name, _arrow_type(known), nullable=known is not hint)


def _arrow_type(hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    kind: type = hint
    if is_dataclass(kind):
        return pa.struct(list(arrow_schema(kind)))
    if origin in (list, Sequence):
        return pa.list_(_arrow_type(arguments[0]))
    return _PLAIN.get(hint, pa.string())


_PLAIN = {float: pa.float64(), int: pa.int64(), bool: pa.bool_()}


def _without_none(hint: Any) -> Any:
    """Return `X` for a type `X | None`; any other as it is."""
    return next(each for each in get_args(hint) if each is not NoneType) if NoneType in get_args(hint) else hint


def default_columns(row: type, rows: int) -> dict[str, Any]:
    """Return columns with the default of each field, for a table that lacks them; null where it has none."""
    columns = {}
    for each, column in zip(fields(row), arrow_schema(row), strict=True):
        if each.default_factory is not MISSING:  # an empty list; `repeat` takes ten times as long
            ends, nothing = pa.repeat(pa.scalar(0, pa.int32()), rows + 1), pa.nulls(0, column.type.value_type)
            columns[each.name] = pa.ListArray.from_arrays(ends, nothing)
        elif each.default is MISSING or each.default is None:
            columns[each.name] = pa.nulls(rows, column.type)
        else:
            columns[each.name] = pa.repeat(pa.scalar(each.default, column.type), rows)
    return columns


def items_schema() -> Any:
    """Return the Arrow schema of `items.parquet`."""
    return arrow_schema(ItemRow)


@cache
def windows_schema() -> Any:
    """Return the Arrow schema of `windows.parquet`: the fields of a window, and three figures that follow from them."""
    computed = {"total_j": pa.float64(), "above_idle_j": pa.float64(), "provenance_label": pa.string()}
    return pa.schema([*arrow_schema(WindowRow), *(pa.field(*each) for each in computed.items())])


def rows_of_items(rows: Sequence[ItemRow]) -> list[dict[str, Any]]:
    """Return the rows of `items.parquet`, each a mapping from column to value."""
    return [row.as_json() for row in rows]


def calls_schema() -> Any:
    """Return the Arrow schema of `calls.parquet`."""
    return arrow_schema(MeteredCallRow)


def rows_of_calls(rows: Sequence[MeteredCallRow]) -> list[dict[str, Any]]:
    """Return the rows of `calls.parquet`, each a mapping from column to value."""
    return [row.as_json() for row in rows]


def calls_parquet(rows: Sequence[MeteredCallRow]) -> bytes:
    """Return `calls.parquet`: one row per model call, columns as in `MeteredCallRow`."""
    return _parquet(rows_of_calls(rows), calls_schema())


def items_parquet(rows: Sequence[ItemRow]) -> bytes:
    """Return `items.parquet`: one row per item, columns as in `ItemRow`."""
    return _parquet(rows_of_items(rows), items_schema())


def windows_parquet(rows: Sequence[WindowRow]) -> bytes:
    """Return `windows.parquet`: one row per window. Figures per component are JSON objects, as components vary."""
    return _parquet(rows_of_windows(rows), windows_schema())


def rows_of_windows(rows: Sequence[WindowRow]) -> list[dict[str, Any]]:
    """Return the rows of `windows.parquet`, each a mapping from column to value."""
    table = []
    for row in rows:
        flat = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in vars(row).items()}
        flat |= {
            "total_j": row.total_j,
            "above_idle_j": row.above_idle_j,
            "provenance_label": row.provenance_label,
        }
        table.append(flat)
    return table


def rescored_items(
    path: Path, run: str, scores: Mapping[tuple[str, str], Collection[ScoreRow]], *, complete: bool = True
) -> tuple[bytes, int]:
    """Return an `items.parquet` with new scores and another run's name, and its number of rows.

    Args:
        path: of the table.
        run: the name.
        scores: the new ones, by system and task; the rows of others keep theirs.
        complete: whether all answers of these cells have a new score; else those without one keep theirs.

    Raises:
        UserError: the table cannot be read, or an answer of these cells has no new score.
    """
    table = _read(path)
    new = {(system, task, *row.key): row for (system, task), rows in scores.items() for row in rows}
    names = (
        "system",
        "task",
        "doc_id",
        "repeat",
        "offered_per_s",
        "arrivals",
        "failure",
        "correct",
        "metrics",
        "filtered",
        "target",
    )
    none = [None] * table.num_rows
    columns = [table[name].to_pylist() if name in table.schema.names else none for name in names]
    changed: list[tuple[Any, ...]] = []
    for system, task, doc_id, repeat, offered_per_s, arrivals, failure, *kept in zip(*columns, strict=True):
        if (system, task) not in scores:
            changed.append(tuple(kept))
            continue
        score = new.get((system, task, doc_id, repeat, offered_per_s, arrivals))
        if score is None and not complete:
            changed.append(tuple(kept))
            continue
        if score is None:
            raise UserError(f"{path}: document {doc_id} of {task} is not among the answers of {system}; it is damaged")
        correct = score.correct if failure is None else 0.0
        changed.append((correct, json.dumps(score.metrics, ensure_ascii=False), score.filtered, score.target))
    for name, values in zip(names[-4:], zip(*changed, strict=True), strict=True):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pa.array(values, type=table.schema.field(at).type))
    return _as_run(table, run), table.num_rows


def compared_texts(path: Path) -> list[dict[str, Any]]:
    """Return the key, texts, score and metrics of each answer of an `items.parquet`.

    Raises:
        UserError: the table cannot be read.
    """
    names = (
        "system", "task", "doc_id", "repeat", "offered_per_s", "arrivals", "doc_hash", "output", "filtered", "target",
        "correct", "metrics", "failure",
    )  # fmt: skip
    table = _read(path)
    missing = dict.fromkeys(name for name in names if name not in table.schema.names)
    rows: list[dict[str, Any]] = table.select([name for name in names if name not in missing]).to_pylist()
    return [{**missing, **row} for row in rows]


def of_another_run(path: Path, run: str) -> tuple[bytes, int]:
    """Return a copy of a run's table with another run's name in it, and its number of rows.

    Raises:
        UserError: it cannot be read.
    """
    table = _read(path)
    return _as_run(table, run), table.num_rows


def read_columns(path: Path, names: Sequence[str], *, optional: Collection[str] = ()) -> dict[str, list[Any]]:
    """Return columns of a table as lists of Python values; a missing optional column has None in each row.

    Raises:
        UserError: the table cannot be read or lacks a column.
    """
    table = _read(path)
    missing = [name for name in names if name not in table.column_names and name not in optional]
    if missing:
        raise UserError(f"{path}: no column {', '.join(missing)}; the record is damaged, or of another version")
    check_columns(path, table.schema)
    present = _values(path, table.select([name for name in names if name in table.column_names]))
    return {name: present.get(name, [None] * table.num_rows) for name in names}


def read_table(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the names of the columns of a table, and its rows: column to value.

    Raises:
        UserError: the table cannot be read.
    """
    table = _read(path)
    check_columns(path, table.schema)
    columns = _values(path, table)
    return list(columns), [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def check_columns(path: Path, schema: Any) -> None:
    """Check that the columns of a table of a run hold what their names say: text, numbers, lists.

    Args:
        path: of `items.parquet`, `windows.parquet` or `calls.parquet`.
        schema: of the table, an Arrow schema. Columns that are not known are not checked.

    Raises:
        UserError: a column is of another type, or there twice.
    """
    twice = [name for name, number in Counter(schema.names).items() if number > 1]
    if twice:
        raise UserError(f"{path}: the column {twice[0]!r:.60} is there twice; the record is damaged")
    wanted = _types_wanted(path.name)
    for name, holds in zip(schema.names, schema.types, strict=True):
        if name in wanted and not _holds(holds, wanted[name]):
            raise UserError(f"{path}: the column {name} holds {holds}, not {wanted[name]}; the record is damaged")


@cache
def _types_wanted(name: str) -> Mapping[str, Any]:
    """Return the Arrow type of each column of a table by the name of its file; that of items has any other name."""
    layout = RunLayout(Path())
    schema = {
        layout.windows_table.name: windows_schema(),
        layout.calls_table.name: calls_schema(),
    }.get(name, items_schema())
    return dict(zip(schema.names, schema.types, strict=True))


def _holds(there: Any, wanted: Any) -> bool:
    """Return whether a column of a type can be read as one of another type."""
    if there == wanted:
        return True
    types = pa.types
    there = there.value_type if types.is_dictionary(there) else there
    if types.is_null(there):
        return True
    if types.is_string(wanted):
        return bool(types.is_string(there) or types.is_large_string(there))
    if types.is_floating(wanted) or types.is_integer(wanted):  # pandas writes integers with gaps as floats
        return bool(types.is_floating(there) or types.is_integer(there))
    if types.is_list(wanted):
        return bool(types.is_list(there) or types.is_large_list(there)) and _holds(there.value_type, wanted.value_type)
    return bool(there == wanted) or bool(types.is_struct(there) and types.is_struct(wanted))


def _values(path: Path, table: Any) -> dict[str, list[Any]]:
    try:
        return {name: table[name].to_pylist() for name in table.column_names}
    except (KeyError, ValueError, pa.ArrowException) as error:  # a column that is there twice; a text that is not UTF-8
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error


def _read(path: Path) -> Any:
    with opened_table(path) as file:
        return file.read()


def _as_run(table: Any, run: str) -> bytes:
    at = table.schema.get_field_index("run")
    return _compressed(table.set_column(at, "run", pa.array([run] * table.num_rows, type=table.schema.field(at).type)))


def _parquet(rows: list[dict[str, Any]], schema: Any) -> bytes:
    return _compressed(pa.Table.from_pylist(hide_known(rows), schema=schema))


def _compressed(table: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()
