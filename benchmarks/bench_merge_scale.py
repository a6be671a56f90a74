"""Merging a million answers in 64 shards: seconds and memory, next to a tenth of the answers in as many shards.

Each is the whole command in a process of its own, without the advice at its end, which `bench_report_scale` measures.
The shards are made up, as the writer makes them but in bulk, outside what is timed.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from wattbench.records import (
    SCHEMA_VERSION,
    AnswerRow,
    BlockPlan,
    BlockRow,
    ItemRow,
    Purpose,
    RunHeader,
    RunLayout,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowRow,
)
from wattbench.records.tables.run_tables import default_columns, items_schema

SYSTEMS = tuple(f"system-{number}" for number in range(10))
TASKS = ("gsm8k", "spell", "tickets", "forms")
PROMPT = "Question {}: " + "a customer writes that the parcel has not arrived, and asks what to do. " * 5
START_S = 1_700_000_000.0
ITEM_J = 1 / 64
"""Joules of an answer: sums of them are exact."""


@dataclass(frozen=True)
class _Shard:
    """One block of many."""

    run: str
    number: int
    documents: np.ndarray

    @property
    def node(self) -> str:
        return f"{self.number % 8:012x}"


def make_shards(folder: Path, rows: int, shards: int) -> Path:
    """Write shards of one block each, with about `rows` answers together, and return their folder."""
    documents = rows // (len(SYSTEMS) * len(TASKS))
    for number in range(shards):
        run = f"20260102T{number // 60:02}{number % 60:02}00Z-large-abcdef"
        _write(folder, _Shard(run, number, np.arange(number, documents, shards)), documents, shards)
    return folder


def _write(folder: Path, shard: _Shard, documents: int, shards: int) -> None:
    cells = [
        {"system": system, "kind": "generalist", "task": task, "domain": task, "items": documents, "docs_sha256": "1"}
        for system in SYSTEMS
        for task in TASKS
    ]
    header = RunHeader(
        schema_version=SCHEMA_VERSION, run=shard.run, suite={"suite": {"name": "large"}, "systems": {}},
        suite_sha256="ab" * 32, created_utc="2026-01-02T03:04:05+00:00", command=["wattbench", "run", "large.yaml"],
        environment={"hostname": shard.node}, meters={"gpu0": "counter"}, cells=cells, node=shard.node,
        shard={"blocks": [shard.number], "of": shards, "seed": 7},
    )  # fmt: skip
    windows = []
    with RunWriter.create(folder / shard.run, header) as writer:
        plan = BlockPlan(blocks=shards, seed=7, resident="all", chosen_by="shards", why=f"{shards} blocks")
        writer.write_block_plan(plan)
        ids = {}
        for at, system in enumerate(SYSTEMS):
            writer.append_system(SystemRow(system=system, kind="generalist", engine="python", node=shard.node))
            ids[system] = f"b{shard.number + 1}-w{at + 1:04}"
            answers = len(TASKS) * len(shard.documents)
            windows.append(
                WindowRow(
                    window=ids[system], run=shard.run, system=system, task=None, purpose=Purpose.MEASURED,
                    started_s=START_S, finished_s=START_S + answers, energy_j={"gpu0": answers * ITEM_J},
                    provenance={"gpu0": "counter"}, block=shard.number, node=shard.node,
                )
            )  # fmt: skip
            writer.append_window(windows[-1])
        doc_ids = {task: shard.documents.tolist() for task in TASKS}
        writer.append_block(
            BlockRow(
                number=shard.number, attempt=0, order=list(SYSTEMS), doc_ids=doc_ids, node=shard.node,
                windows={system: [window] for system, window in ids.items()},
            )
        )  # fmt: skip
        _write_lines(writer.layout, shard, ids)
        writer.finish_batches(_items(shard, ids), windows, "2026-01-02T04:00:00+00:00")


def _write_lines(layout: RunLayout, shard: _Shard, ids: dict[str, str]) -> None:
    """Write answers and scores that differ in their ids alone."""
    at_s, token = START_S, "\x01"
    for system in SYSTEMS:
        for at, task in enumerate(TASKS):
            answer = AnswerRow(
                doc_id=-1, repeat=0, request_type="generate_until", prompt=PROMPT.format(-1), prompt_hash=token,
                replies=["We have sent it again, and it arrives tomorrow."], prompt_tokens=90, output_tokens=12,
                scheduled_s=at_s, started_s=at_s, first_token_s=at_s + 0.25, finished_s=at_s + 1.0, batch=-2,
                batch_size=1, window=ids[system], block=shard.number,
            )  # fmt: skip
            score = ScoreRow(
                doc_id=-1, repeat=0, doc_hash=token, target="ok", filtered="ok", correct=1.0,
                metrics={"exact_match,none": 1.0},
            )  # fmt: skip
            for path, row in ((layout.answers(system, task), answer), (layout.scores(system, task), score)):
                line = json.dumps(asdict(row)).replace(json.dumps(token), '"HASH"') + "\n"
                first = at * len(shard.documents)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w") as file:
                    for number, doc_id in enumerate(shard.documents.tolist(), start=first):
                        own = line.replace("-1", str(doc_id)).replace("-2", str(number))
                        file.write(own.replace("HASH", _hash(task, doc_id)))


def _items(shard: _Shard, ids: dict[str, str]) -> list[pa.RecordBatch]:
    count = len(shard.documents)
    batches = []
    for system in SYSTEMS:
        for at, task in enumerate(TASKS):
            ends_s = START_S + np.arange(count) + 1.0
            columns = {
                "doc_id": shard.documents, "batch": at * count + np.arange(count), "scheduled_s": ends_s - 1.0,
                "started_s": ends_s - 1.0, "first_token_s": ends_s - 0.75, "finished_s": ends_s,
                "doc_hash": [_hash(task, doc_id) for doc_id in shard.documents.tolist()],
                "prompt": [PROMPT.format(doc_id) for doc_id in shard.documents.tolist()],
            }  # fmt: skip
            columns["prompt_hash"] = columns["doc_hash"]
            same = {
                "run": shard.run, "system": system, "kind": "generalist", "task": task, "domain": task, "repeat": 0,
                "correct": 1.0, "metrics": '{"exact_match,none": 1.0}', "batch_size": 1, "window": ids[system],
                "energy_j": ITEM_J, "energy_provenance": "counter", "block": shard.number, "attempt": 0, "passes": 1,
                "node": shard.node, "output": "We have sent it again.", "filtered": "ok", "target": "ok",
                "prompt_tokens": 90, "output_tokens": 12,
            }  # fmt: skip
            made = default_columns(ItemRow, count) | columns
            made |= {name: pa.repeat(value, count) for name, value in same.items()}
            arrays = [pa.array(made[each.name], each.type) for each in items_schema()]
            batches.append(pa.RecordBatch.from_arrays(arrays, schema=items_schema()))
    return batches


def _hash(task: str, doc_id: int) -> str:
    return hashlib.sha256(f"{task} {doc_id}".encode()).hexdigest()


ROWS = (100_000, 1_000_000)
SHARDS = 64
MOST_PEAK_MB = 1000.0
MOST_TIMES = ROWS[1] / ROWS[0]
"""Time grows no faster than the answers."""
MOST_MORE_MB = 250.0
"""Memory of ten times the answers, beyond that of the fewer, whose shards fill no row group and few of the buffers; 180
to 220 were measured. More than a million answers were not."""

# The highest resident memory of this process alone; what `getrusage` says of a child may be its parent's at the fork.
SCRIPT = """
import os, sys
from pathlib import Path
from wattbench.distributed.merging import merge_shards
merge_shards([Path(sys.argv[1])], Path(sys.argv[2]), sys.argv)
with open("/proc/self/status") as status:
    peak_kb = next(line.split()[1] for line in status if line.startswith("VmHWM"))
print(sum(os.times()[:2]), peak_kb)
"""


@pytest.mark.benchmark(group="a million answers in shards")
def test_memory_does_not_grow_with_the_answers(benchmark: Any, tmp_path: Path) -> None:
    """Compare the fastest of each size, measured in turns."""
    folders = {rows: make_shards(tmp_path / str(rows), rows, SHARDS) for rows in ROWS}
    costs: dict[int, list[tuple[float, float, float]]] = {rows: [] for rows in ROWS}
    numbers = itertools.count()

    def both() -> None:
        for rows, folder in folders.items():
            before_s = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, str(folder), str(tmp_path / f"merged-{next(numbers)}")],
                capture_output=True, check=True, text=True,
            )  # fmt: skip
            processor_s, peak_kb = map(float, done.stdout.split())
            costs[rows].append((time.perf_counter() - before_s, processor_s, peak_kb / 1024))

    benchmark.pedantic(both, rounds=2)
    best = {rows: min(of_rows) for rows, of_rows in costs.items()}
    print()
    for rows, (seconds, processor_s, peak_mb) in best.items():
        benchmark.extra_info |= {
            f"{rows} seconds": seconds, f"{rows} processor seconds": processor_s, f"{rows} peak MB": peak_mb
        }  # fmt: skip
        print(
            f"merge of {rows:,} answers in {SHARDS} shards: {seconds:.1f} s ({processor_s:.1f} s of processor), "
            f"at most {peak_mb:,.0f} MB of memory"
        )
    few, many = (best[rows] for rows in ROWS)
    assert many[1] <= MOST_TIMES * few[1]
    assert many[2] <= few[2] + MOST_MORE_MB
    assert many[2] < MOST_PEAK_MB
