"""Build the Parquet tables at the end of a run: typed columns for pandas, DuckDB and other readers of many runs."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wattbench.errors import UserError
from wattbench.records.schema import ItemRow, ScoreRow, WindowRow
from wattbench.redaction import hide_known


def _items_schema() -> Any:
    import pyarrow as pa

    text, real, integer = pa.string(), pa.float64(), pa.int64()
    used = pa.struct(
        {
            "system": text, "prompt_tokens": integer, "cached_tokens": integer, "output_tokens": integer,
            "seconds": real,
        }
    )  # fmt: skip
    return pa.schema(
        {
            "run": text, "system": text, "kind": text, "task": text, "domain": text,
            "doc_id": integer, "doc_hash": text, "prompt_hash": text, "messages_hash": text,
            "repeat": integer,
            "correct": real, "metrics": text, "prompt_tokens": integer, "output_tokens": integer,
            "cached_tokens": integer,
            "scheduled_s": real, "started_s": real, "first_token_s": real, "finished_s": real,
            "token_s": pa.list_(real), "batch": integer, "batch_size": integer, "window": text,
            "energy_j": real, "energy_above_idle_j": real, "energy_provenance": text,
            "own_cpu_s": real,
            "route": text, "route_score": real, "router_s": real, "router_energy_j": real,
            "route_asked": pa.list_(text), "usage": pa.list_(used), "offered_per_s": real,
            "failure": text, "cost": real, "block": integer, "attempt": integer, "passes": integer,
            "prompt": text, "output": text, "filtered": text, "target": text,
        }
    )  # fmt: skip


def _windows_schema() -> Any:
    import pyarrow as pa

    text, real, integer = pa.string(), pa.float64(), pa.int64()
    return pa.schema(
        {
            "run": text, "system": text, "task": text, "window": text, "purpose": text,
            "started_s": real, "finished_s": real, "energy_j": text, "provenance": text,
            "check_energy_j": text, "idle_w": text, "total_j": real, "above_idle_j": real,
            "provenance_label": text, "samples": integer, "largest_gap_s": real, "temperature_c": text,
            "passes": integer, "own_cpu_s": real, "contention": text, "contended": pa.bool_(),
            "valid": pa.bool_(), "reasons": pa.list_(text), "block": integer, "attempt": integer,
        }
    )  # fmt: skip


def items_parquet(rows: Sequence[ItemRow]) -> bytes:
    """Return `items.parquet`: one row per item, columns as in `ItemRow`."""
    return _parquet([vars(row) for row in rows], _items_schema())  # asdict would copy every list and text


def windows_parquet(rows: Sequence[WindowRow]) -> bytes:
    """Return `windows.parquet`: one row per window. Figures per component are JSON objects, as components vary."""
    table = []
    for row in rows:
        flat = asdict(row)
        for name in ("energy_j", "provenance", "check_energy_j", "idle_w", "temperature_c", "contention"):
            flat[name] = json.dumps(flat[name])
        flat |= {
            "total_j": row.total_j,
            "above_idle_j": row.above_idle_j,
            "provenance_label": row.provenance_label,
        }
        table.append(flat)
    return _parquet(table, _windows_schema())


def rescored_items(
    path: Path, run: str, scores: Mapping[tuple[str, str], Collection[ScoreRow]], *, complete: bool = True
) -> tuple[bytes, int]:
    """Return an `items.parquet` with other scores and another run's name, and its number of rows.

    Args:
        path: of the table.
        run: the name.
        scores: the new ones, by system and task; the rows of others keep theirs.
        complete: whether all answers of these cells have a new score; else those without one keep theirs.

    Raises:
        UserError: the table cannot be read, or an answer of these cells has no new score.
    """
    import pyarrow as pa

    table = _read(path)
    new = {
        (system, task, row.doc_id, row.repeat, row.offered_per_s): row
        for (system, task), rows in scores.items()
        for row in rows
    }
    names = (
        "system",
        "task",
        "doc_id",
        "repeat",
        "offered_per_s",
        "failure",
        "correct",
        "metrics",
        "filtered",
        "target",
    )
    none = [None] * table.num_rows
    columns = [table[name].to_pylist() if name in table.schema.names else none for name in names]
    changed: list[tuple[Any, ...]] = []
    for system, task, doc_id, repeat, offered_per_s, failure, *kept in zip(*columns, strict=True):
        if (system, task) not in scores:
            changed.append(tuple(kept))
            continue
        score = new.get((system, task, doc_id, repeat, offered_per_s))
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
    """Return of each answer what identifies it, its texts, its score and its metrics, from an `items.parquet`.

    Raises:
        UserError: the table cannot be read.
    """
    names = (
        "system", "task", "doc_id", "repeat", "offered_per_s", "doc_hash", "output", "filtered", "target", "correct",
        "metrics", "failure",
    )  # fmt: skip
    table = _read(path)
    missing = dict.fromkeys(name for name in names if name not in table.schema.names)
    rows: list[dict[str, Any]] = table.select([name for name in names if name not in missing]).to_pylist()
    return [{**missing, **row} for row in rows]


def of_another_run(path: Path, run: str) -> tuple[bytes, int]:
    """Return a table of a run as that of a run of another name, and its number of rows.

    Raises:
        UserError: it cannot be read.
    """
    table = _read(path)
    return _as_run(table, run), table.num_rows


def _read(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}); the record is damaged") from error


def _as_run(table: Any, run: str) -> bytes:
    import pyarrow as pa

    at = table.schema.get_field_index("run")
    return _compressed(table.set_column(at, "run", pa.array([run] * table.num_rows, type=table.schema.field(at).type)))


def _parquet(rows: list[dict[str, Any]], schema: Any) -> bytes:
    import pyarrow as pa

    return _compressed(pa.Table.from_pylist(hide_known(rows), schema=schema))


def _compressed(table: Any) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
