"""Killed after any line of its record, a run is resumed without losing or doubling an item."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wattbench.scenarios.blocks.test_run import check_whole
from wattbench.records import RunRecords, writer
from wattbench.records.jsonl import Appender

Writes = list[tuple[Path, bool, bytes]]
"""Every write to the record, in order: the file, whether it was written as a whole, and the bytes."""


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> Writes:
    made: Writes = []
    append, write = Appender.append_all, writer.write_atomically

    def append_all(self: Appender, rows: Any) -> None:
        before = self._file.tell()
        append(self, rows)
        path = Path(self._file.name)
        made.append((path, False, path.read_bytes()[before:]))

    def write_atomically(path: Path, data: bytes) -> None:
        write(path, data)
        made.append((path, True, data))

    monkeypatch.setattr(Appender, "append_all", append_all)
    monkeypatch.setattr(writer, "write_atomically", write_atomically)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power is cut here
    return made


def cut_after(root: Path, made: Writes, number: int, torn: bytes) -> None:
    """Leave the record as a kill after some writes would have; of the next one a part may be there."""
    for path in root.rglob("*"):
        if path.is_file() and path.suffix != ".csv" and path.name not in ("run.json", "run.lock"):
            path.unlink()
    for path, _, data in made[:number]:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data)
    if torn:
        with made[number][0].open("ab") as file:
            file.write(torn)


def answers(records: RunRecords) -> Counter[tuple[object, ...]]:
    return Counter(
        (system, task, row.doc_id, row.block, row.attempt)
        for system in ("adder", "small")
        for task in ("sums", "more")
        for row in records.answers_of_all_attempts(system, task)
    )


@pytest.mark.parametrize(("resident", "every"), [("all", 1), ("one", 5)])
def test_no_item_is_lost_or_doubled_wherever_a_run_is_killed(
    blocked: Callable[..., Any], writes: Writes, calls: list[Any], tmp_path: Path, resident: str, every: int
) -> None:
    whole = blocked(("idle_s: 0.01, warmup: 2", "idle_s: 0, warmup: 1"), measure=f"blocks: 2, resident: {resident}")
    whole.run()
    made = [each for each in writes if each[0].name != "run.json"]
    kept = shutil.copytree(whole.root, tmp_path / "kept")
    seed = whole.records.block_plan().seed
    assert len(made) > 40
    for number in range(0, len(made), every):
        shutil.rmtree(whole.root)
        shutil.copytree(kept, whole.root)
        path, at_once, data = made[number]
        cut_after(whole.root, made, number, b"" if at_once else data[: len(data) // 2])
        records = whole.records
        before, complete = answers(records), len(records.blocks())
        planned = records.block_plan() is not None
        records = whole.run()
        check_whole(records, whole.items)
        after = answers(records)
        assert set(after.values()) == {1}, (number, path)
        assert before <= after
        assert not planned or records.block_plan().seed == seed
        assert [(row.number, row.attempt) for row in records.blocks()] == [(0, 0), (1, 0)]
        assert complete <= 2
