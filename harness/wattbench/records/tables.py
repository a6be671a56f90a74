"""Build the Parquet tables at the end of a run: typed columns for pandas, DuckDB and other readers of many runs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from wattbench.records.schema import ItemRow, WindowRow


def _items_schema() -> Any:
    import pyarrow as pa

    text, real, integer = pa.string(), pa.float64(), pa.int64()
    return pa.schema(
        {
            "run": text, "system": text, "kind": text, "task": text, "domain": text,
            "doc_id": integer, "doc_hash": text, "prompt_hash": text, "messages_hash": text,
            "repeat": integer,
            "correct": real, "metrics": text, "prompt_tokens": integer, "output_tokens": integer,
            "scheduled_s": real, "started_s": real, "first_token_s": real, "finished_s": real,
            "token_s": pa.list_(real), "batch": integer, "batch_size": integer, "window": text,
            "energy_j": real, "energy_above_idle_j": real, "energy_provenance": text,
            "own_cpu_s": real,
            "route": text, "route_score": real, "router_s": real, "router_energy_j": real,
            "route_asked": pa.list_(text), "offered_per_s": real,
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


def _parquet(rows: list[dict[str, Any]], schema: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()
