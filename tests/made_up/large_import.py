"""A made-up imported run of any size: answers that another tool scored, timed, metered and billed, without texts.

The tables are written cell by cell, so that 10,000,000 answers need little memory. Nothing is random but what a seed
decides, so the same size gives the same run.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from wattbench.records import SCHEMA_VERSION, RunHeader, RunWriter, SystemRow
from wattbench.records.files.atomic_write import write_atomically
from wattbench.records.finish_record import finish_record
from wattbench.records.provenance import IMPORTED
from wattbench.records.rows.answers import ItemRow, named_item_hash
from wattbench.records.tables.run_tables import default_columns, items_parquet, windows_parquet

SYSTEMS = 10
TASKS = ("arithmetic", "grammar", "history", "logic")
KINDS = ("generalist", "generalist", "specialist", "moe", "distilled")
_PROMPT_HASH = hashlib.sha256(b"").hexdigest()
"""Of a source without prompts."""


def make_import(root: Path, rows: int, seed: int = 7, *, systems: int = SYSTEMS) -> Path:
    """Write a finished imported run with about `rows` answers and return its directory.

    Args:
        root: where the run's directory is made.
        rows: over all systems and tasks, to the nearest document.
        seed: of everything drawn.
        systems: how many take part.
    """
    rng = np.random.default_rng(seed)
    documents = max(1, round(rows / systems / len(TASKS)))
    run = f"20260102T030405Z-import-{rows}"
    names = [f"{KINDS[number % len(KINDS)]}-{number}" for number in range(systems)]
    hashes = {task: pa.array([named_item_hash(task, str(number)) for number in range(documents)]) for task in TASKS}
    hardness = {task: rng.random(documents) for task in TASKS}
    schema = pq.read_schema(io.BytesIO(items_parquet([])))
    with RunWriter.create(root / run, _header(run, names, documents)) as writer:
        layout = writer.layout
        written = 0
        with pq.ParquetWriter(layout.items_table, schema, compression="zstd", write_page_checksum=True) as table:
            for number, name in enumerate(names):
                writer.append_system(SystemRow(system=name, kind=_kind(number), engine="csv"))
                for task in TASKS:
                    drawn = _drawn(number, hardness[task], rng)
                    columns = {"run": run, "system": name, "kind": _kind(number), "task": task, "domain": task}
                    table.write_table(_cell(schema, columns, hashes[task], written, drawn))
                    written += documents
        write_atomically(layout.windows_table, windows_parquet([]))
        write_atomically(layout.finished, finish_record(layout, "2026-01-03T03:04:05+00:00", written, 0))
    return root / run


def _kind(number: int) -> str:
    return KINDS[number % len(KINDS)]


def _header(run: str, names: list[str], documents: int) -> RunHeader:
    return RunHeader(
        schema_version=SCHEMA_VERSION, run=run,
        suite={"suite": {"name": "import", "description": "Imported from csv"}, "systems": {}},
        suite_sha256="ab" * 32, created_utc="2026-01-02T03:04:05+00:00", command=["wattbench", "import", "answers.csv"],
        environment={}, meters={}, cells=list(_cells(names, documents)),
        imported={
            "from": "csv", "version": None, "files": [{"name": "answers.csv", "sha256": "cd" * 32}], "left_out": {},
            "scenario": {}, "currency": "USD",
        },
    )  # fmt: skip


def _cells(names: list[str], documents: int) -> Iterator[dict[str, object]]:
    for number, name in enumerate(names):
        for task in TASKS:
            yield {"system": name, "kind": _kind(number), "task": task, "domain": task, "items": documents}


def _drawn(number: int, hardness: NDArray[np.float64], rng: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    """Draw scores, seconds, joules and costs of a cell: more accurate systems take more of each."""
    seconds = (0.1 + 0.03 * number) * rng.lognormal(0.0, 0.3, len(hardness))
    right = 0.7 * hardness + 0.3 * rng.random(len(hardness)) < 0.4 + 0.04 * number
    return {
        "correct": right.astype(np.float64), "scheduled_s": np.zeros(len(hardness)),
        "started_s": np.zeros(len(hardness)), "finished_s": seconds,
        "energy_j": np.round(150.0 * seconds * rng.lognormal(0.0, 0.1, len(hardness)), 6),
        "cost": np.round(seconds * 1e-4, 9),
    }  # fmt: skip


def _cell(
    schema: pa.Schema, texts: dict[str, str], hashes: pa.Array, first: int, drawn: dict[str, NDArray[np.float64]]
) -> pa.Table:
    count = len(hashes)
    whole = {
        "doc_id": np.arange(count), "batch": np.arange(first, first + count), "batch_size": np.ones(count, np.int64),
        "passes": np.ones(count, np.int64), "repeat": np.zeros(count, np.int64), "attempt": np.zeros(count, np.int64),
    }  # fmt: skip
    same = texts | {
        "prompt_hash": _PROMPT_HASH, "messages_hash": "", "metrics": "{}", "window": "", "energy_provenance": IMPORTED,
        "prompt": "", "output": "", "filtered": "", "target": "",
    }  # fmt: skip
    defaults = default_columns(ItemRow, count)
    arrays = []
    for column in schema:
        if column.name in same:
            arrays.append(pa.repeat(pa.scalar(same[column.name], column.type), count))
        elif column.name == "doc_hash":
            arrays.append(hashes)
        elif column.name in whole or column.name in drawn:
            arrays.append(pa.array((whole | drawn)[column.name]).cast(column.type))
        else:
            arrays.append(defaults[column.name])
    return pa.table(arrays, schema=schema)
