"""A header and one row of each kind, of which a test changes what it is about; and a run of such answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.made_up.digests import without_digests
from wattbench.records import (
    SCHEMA_VERSION,
    AnswerRow,
    ItemRow,
    MeteredCallRow,
    RunHeader,
    RunRecords,
    RunWriter,
    SystemRow,
    WindowRow,
    read_run,
)

START_S = 1_700_000_000.0
HEADER = RunHeader(
    schema_version=SCHEMA_VERSION, run="r", suite={}, suite_sha256="0", created_utc="2026-01-01T00:00:00+00:00",
    command=["wattbench"], environment={}, meters={"cpu": "modelled"}, cells=[],
)  # fmt: skip
ANSWER = AnswerRow(
    doc_id=0, repeat=0, request_type="generate_until", prompt="1 + 1 ä\n", prompt_hash="h", replies=["2"],
    prompt_tokens=4, output_tokens=1, scheduled_s=1.0, started_s=1.0, first_token_s=1.1, finished_s=1.2,
    token_s=[1.1], batch=0, batch_size=1, window="w0001",
)  # fmt: skip
WINDOW = WindowRow(
    window="w0001", run="r", system="s", task="t", purpose="measured", started_s=1.0, finished_s=3.0,
    energy_j={"cpu": 10.0, "dram": 2.0}, provenance={"cpu": "rapl", "dram": "modelled"},
    idle_w={"cpu": 1.0, "dram": 0.5},
)  # fmt: skip
ITEM = ItemRow(
    run="r", system="one", kind="generalist", task="sums", domain="arithmetic", doc_id=0, doc_hash="d0",
    prompt_hash="p", repeat=0, correct=1.0, metrics="{}", prompt_tokens=30, output_tokens=10, scheduled_s=START_S,
    started_s=START_S, first_token_s=None, finished_s=START_S + 1.0, token_s=[], batch=0, batch_size=1, window="w0",
    energy_j=1.0, energy_above_idle_j=None, energy_provenance="counter", prompt="", output="42", filtered="42",
    target="42",
)  # fmt: skip


def item(doc_id: int = 0, begun_s: float = 0.0, seconds: float = 1.0, **changes: Any) -> ItemRow:
    """Return an answer to a document, begun so many seconds after `START_S`."""
    at_s = START_S + begun_s
    own = {"doc_id": doc_id, "doc_hash": f"d{doc_id}", "batch": doc_id, "scheduled_s": at_s, "started_s": at_s}
    return replace(ITEM, **own | {"finished_s": at_s + seconds} | changes)


def write_items(
    folder: Path,
    items: Sequence[ItemRow],
    *,
    also: Callable[[RunWriter], None] | None = None,
    calls: Sequence[MeteredCallRow] = (),
    idle_j: float = 0.0,
    **header: Any,
) -> RunRecords:
    """Write a finished run of these answers, and open it. Its systems, cells and windows are those that they name.

    Args:
        folder: of runs.
        items: whose joules are their window's, of `gpu0`.
        also: what else is written.
        calls: of agents.
        idle_j: joules of each window beyond those of its answers.
        header: fields of `run.json`.
    """
    run = header.get("run", "20260102T030405Z-rows-abc123")
    kinds = {row.system: row.kind for row in items}
    tasks = {row.task: row.domain for row in items}
    cells = [
        {"system": system, "kind": kind, "task": task, "domain": domain}
        for system, kind in kinds.items()
        for task, domain in tasks.items()
    ]
    windows = []
    for name in dict.fromkeys(row.window for row in items):
        own = [row for row in items if row.window == name]
        started_s, finished_s = min(row.started_s for row in own), max(row.finished_s for row in own)
        joules = {"gpu0": sum(row.energy_j or 0.0 for row in own) + idle_j}
        windows.append(
            replace(
                WINDOW, window=name, run=run, system=own[0].system, task=own[0].task, started_s=started_s,
                finished_s=finished_s, energy_j=joules, provenance={"gpu0": own[0].energy_provenance}, idle_w={},
            )
        )  # fmt: skip
    with RunWriter.create(folder / run, replace(HEADER, **{"run": run, "cells": cells} | header)) as writer:
        for system, kind in kinds.items():
            writer.append_system(SystemRow(system=system, kind=kind, engine="python"))
        for window in windows:
            writer.append_window(window)
        if also is not None:
            also(writer)
        rows, calls = [replace(row, run=run) for row in items], [replace(call, run=run) for call in calls]
        writer.finish(rows, windows, "2026-01-02T03:10:00+00:00", calls)
    return read_run(without_digests(folder / run))
