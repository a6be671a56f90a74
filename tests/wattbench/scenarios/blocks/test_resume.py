"""Killed after any line of its record, a run is resumed without losing or doubling an item."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wattbench.scenarios.blocks.test_run import check_whole
from tests.wattbench.scenarios.cut_record import Writes, cut_after
from wattbench.records import Purpose, RunRecords
from wattbench.records.line_checks import check_lines


def answers(records: RunRecords) -> Counter[tuple[object, ...]]:
    return Counter(
        (system, task, row.doc_id, row.block, row.attempt)
        for system in ("adder", "small")
        for task in ("sums", "more")
        for row in records.answers_of_all_attempts(system, task)
    )


@pytest.mark.slow
@pytest.mark.alone  # its windows are short: one that is read late is not valid
@pytest.mark.parametrize(("resident", "every"), [("all", 1), ("one", 5)])
def test_no_item_is_lost_or_doubled_wherever_a_run_is_killed(
    blocked: Callable[..., Any], writes: Writes, tmp_path: Path, resident: str, every: int
) -> None:
    quick = ("idle_s: 0.01, warmup: 2", "idle_s: 0, warmup: 1")
    few = [("limit: 5", "limit: 3"), ("limit: 4", "limit: 2")]  # both tasks are in both blocks: all writes are made
    whole = blocked(*few, quick, measure=f"blocks: 2, resident: {resident}")
    whole.run()
    made = [each for each in writes if each[0].name != "run.json"]
    kept = shutil.copytree(whole.root, tmp_path / "kept")
    seed = whole.records.block_plan().seed
    assert len(made) > 40
    spoiled_in: list[tuple[int, int]] = []
    for number in range(0, len(made), every):
        shutil.rmtree(whole.root)
        shutil.copytree(kept, whole.root)
        path, at_once, data = made[number]
        cut_after(whole.root, made, number, b"" if at_once else data[: len(data) // 2])
        records = whole.records
        check_lines(records)
        before, complete = answers(records), len(records.blocks())
        planned = records.block_plan() is not None
        records = whole.run()
        check_whole(records, whole.items, documents={"sums": 3, "more": 2})
        after = answers(records)
        assert set(after.values()) == {1}, (number, path)
        assert before <= after
        assert not planned or records.block_plan().seed == seed
        spoiled = [(row.number, row.attempt) for row in records.blocks() if row.spoiled_by == "interruption"]
        again = [(number, attempt + 1) for number, attempt in spoiled]
        assert sorted((row.number, row.attempt) for row in records.blocks()) == sorted([(0, 0), (1, 0), *again])
        assert len(spoiled) <= 1, "a kill spoils one block, and that is asked again once"
        spoiled_in.extend(spoiled)
        assert [row.reasons for row in records.windows() if row.purpose == Purpose.MEASURED and not row.valid] == []
        assert complete <= 2
    assert {number for number, _ in spoiled_in} == {0, 1}, "kills in both blocks spoiled windows"
