"""Runs of real lm-eval tasks whose answers are made up; lm-eval scores them as the harness has it score."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.made_up.digests import without_digests
from tests.made_up.rows import ANSWER, START_S
from wattbench.config import PythonSystem, Resolved, Suite
from wattbench.measure.item_rows import item_rows
from wattbench.measure.plan import Cell
from wattbench.measure.scorer import Scorer
from wattbench.records import (
    SCHEMA_VERSION,
    Purpose,
    RunHeader,
    RunRecords,
    RunWriter,
    SystemRow,
    WindowRow,
    read_run,
)

SYSTEM = {"kind": "generalist", "engine": "python", "call": "m:f"}
EMPTY: Mapping[str, Any] = {}

Answers = Mapping[str, Mapping[str, Sequence[Any]]]
"""System to task to its answer to each document: a text, or a pair per choice."""


def write_answered(root: Path, tasks: Path, answers: Answers, environment: Mapping[str, Any] = EMPTY) -> RunRecords:
    """Write a finished run of tasks in a folder, and open it: every item takes a second and a joule."""
    names = list(dict.fromkeys(task for of_system in answers.values() for task in of_system))
    suite = Suite.model_validate(
        {
            "name": "answered",
            "tasks": {
                "include": [tasks],
                "select": [{"task": name, "domain": "any", "limit": _longest(answers, name)} for name in names],
            },
            "systems": {"define": dict.fromkeys(answers, SYSTEM)},
        }
    )
    systems = {name: PythonSystem.model_validate(SYSTEM) for name in answers}
    resolved = Resolved(suite, systems, root / "suite.yaml")
    scorers = {choice.task: Scorer(resolved, choice) for choice in resolved.tasks}
    cells = [
        Cell(name, systems[name], choice, loaded.items, loaded.version, loaded.docs_sha256, loaded.asking_sha256)
        for name in answers
        for choice in resolved.tasks
        if choice.task in answers[name]
        for loaded in [scorers[choice.task].loaded]
    ]
    run = f"20260102T030405Z-answered-{hashlib.sha256(repr(answers).encode()).hexdigest()[:6]}"
    header = RunHeader(
        schema_version=SCHEMA_VERSION, run=run, suite=resolved.as_record(), suite_sha256=resolved.sha256,
        created_utc="2026-01-02T03:04:05+00:00", command=["wattbench", "run"], environment=dict(environment), meters={},
        cells=[cell.as_record() for cell in cells], journal=True,
    )  # fmt: skip
    with RunWriter.create(root / run, header) as writer:
        for name in answers:
            writer.append_system(SystemRow(system=name, kind="generalist", engine="python"))
        for number, cell in enumerate(cells):
            _write_cell(writer, run, number, cell, answers[cell.system][cell.choice.task])
            records = read_run(writer.layout.root)
            rows = records.answers(cell.system, cell.choice.task)
            writer.write_scores(cell.system, cell.choice.task, scorers[cell.choice.task].score(rows))
        records = read_run(writer.layout.root)
        writer.finish(item_rows(records, cells, records.windows()), records.windows(), "2026-01-02T03:10:00+00:00")
    return read_run(without_digests(root / run))


def _longest(answers: Answers, task: str) -> int:
    return max(len(of_system[task]) for of_system in answers.values() if task in of_system)


def _write_cell(writer: RunWriter, run: str, number: int, cell: Cell, replies: Sequence[Any]) -> None:
    window = f"w{number}"
    for doc_id, reply in enumerate(replies):
        text = isinstance(reply, str)
        writer.append_answer(
            cell.system,
            cell.choice.task,
            replace(
                ANSWER, doc_id=doc_id, request_type="generate_until" if text else "loglikelihood",
                prompt=f"Question {doc_id}", prompt_hash=f"{doc_id}", replies=[reply] if text else list(reply),
                prompt_tokens=3, output_tokens=2, scheduled_s=START_S + doc_id, started_s=START_S + doc_id,
                first_token_s=None, finished_s=START_S + doc_id + 1, token_s=[], batch=doc_id, window=window,
            ),
        )  # fmt: skip
    writer.append_window(
        WindowRow(
            window=window, run=run, system=cell.system, task=cell.choice.task, purpose=Purpose.MEASURED,
            started_s=START_S, finished_s=START_S + len(replies), energy_j={"cpu": float(len(replies))},
            provenance={"cpu": "counter"}, idle_w={"cpu": 0.5}, samples=9,
        )
    )  # fmt: skip
