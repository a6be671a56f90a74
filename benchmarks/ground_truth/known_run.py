"""Write a run whose answers each took stated seconds and joules, so that an analysis of it has one right result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.made_up.digests import without_digests
from wattbench.records import (
    SCHEMA_VERSION,
    ItemRow,
    RunHeader,
    RunRecords,
    RunWriter,
    SystemRow,
    WindowRow,
    read_run,
)

START_S = 1_700_000_000.0
ITEMS = 8
"""Answers of each system, all alike and all correct."""


@dataclass(frozen=True)
class KnownSystem:
    """What each answer of a system took."""

    name: str
    energy_j: float
    seconds: float = 1.0
    training_j: float | None = None
    """Joules of its training, as a ledger has them; None: it has none on record."""


def known_run(folder: Path, *systems: KnownSystem) -> RunRecords:
    """Write the run into a folder of its own and read it."""
    run = "20260102T030405Z-known-abc123"
    header = RunHeader(
        schema_version=SCHEMA_VERSION,
        run=run,
        suite={"suite": {"name": "known", "measure": {"scenario": "single-stream", "seed": 1}, "carbon": {}}},
        suite_sha256="ab" * 32,
        created_utc="2026-01-02T03:04:05+00:00",
        command=["wattbench"],
        environment={},
        meters={"wall": "counter"},
        cells=[
            {"system": each.name, "kind": "generalist", "task": "task", "domain": "domain", "items": ITEMS}
            for each in systems
        ],
    )
    items = [row for each in systems for row in _items(run, each)]
    windows = [_window(run, each) for each in systems]
    with RunWriter.create(folder / run, header) as writer:
        for each in systems:
            writer.append_system(_system(each))
        for window in windows:
            writer.append_window(window)
        writer.finish(items, windows, "2026-01-02T03:10:00+00:00")
    return read_run(without_digests(folder / run))


def _items(run: str, system: KnownSystem) -> list[ItemRow]:
    return [
        ItemRow(
            run=run, system=system.name, kind="generalist", task="task", domain="domain", doc_id=doc,
            doc_hash=f"doc-{doc}", prompt_hash=f"prompt-{doc}", repeat=0, correct=1.0,
            metrics=json.dumps({"exact_match,none": 1.0}), prompt_tokens=10, output_tokens=10,
            scheduled_s=START_S + doc * system.seconds, started_s=START_S + doc * system.seconds, first_token_s=None,
            finished_s=START_S + (doc + 1) * system.seconds, token_s=[], batch=doc, batch_size=1,
            window=f"w-{system.name}", energy_j=system.energy_j, energy_above_idle_j=None,
            energy_provenance="counter", prompt="?", output="42", filtered="42", target="42",
        )
        for doc in range(ITEMS)
    ]  # fmt: skip


def _window(run: str, system: KnownSystem) -> WindowRow:
    return WindowRow(
        window=f"w-{system.name}", run=run, system=system.name, task="task", purpose="measured", started_s=START_S,
        finished_s=START_S + ITEMS * system.seconds, energy_j={"wall": ITEMS * system.energy_j},
        provenance={"wall": "counter"}, idle_w={}, samples=50, largest_gap_s=0.1, valid=True, reasons=[],
    )  # fmt: skip


def _system(system: KnownSystem) -> SystemRow:
    ledger: Mapping[str, object] = {
        "method": "pretraining", "documents": None, "tokens": None, "teacher_tokens": None, "seconds": None,
        "energy_j": {"wall": system.training_j}, "provenance": {"wall": "counter"}, "cpu": None,
    }  # fmt: skip
    return SystemRow(
        system=system.name, kind="generalist", engine="python", engine_version="1", parameters_total=None,
        parameters_active=None, weight_bytes=None, dtype=None, device="cpu", peak_memory_bytes=None, load_s=1.0,
        load_window=None, training=None if system.training_j is None else {system.name: dict(ledger)},
    )  # fmt: skip
