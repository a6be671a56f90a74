"""Shards of a made-up run with a great number of answers: files as the writer makes them, in bulk."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from wattbench.records import (
    SCHEMA_VERSION,
    AnswerRow,
    BlockPlan,
    BlockRow,
    Purpose,
    RunHeader,
    RunLayout,
    RunWriter,
    ScoreRow,
    SystemRow,
    WindowRow,
)
from wattbench.records.tables.run_tables import items_schema

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
    """Write shards of one block each, with about so many answers together, and return their folder."""
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
    """Write answers and scores, of which only what tells them apart is made anew for each."""
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
            arrays = [
                pa.array(columns[each.name], each.type)
                if each.name in columns
                else pa.repeat(pa.scalar(same.get(each.name), each.type), count)
                for each in items_schema()
            ]
            batches.append(pa.RecordBatch.from_arrays(arrays, schema=items_schema()))
    return batches


def _hash(task: str, doc_id: int) -> str:
    return hashlib.sha256(f"{task} {doc_id}".encode()).hexdigest()
