"""A run that is read while it is written: what is appended counts once, and what is replaced no longer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import pytest

from tests.made_up.runs import FakeRun, FakeSystem, write_run
from tests.made_up.whole_run import DOCUMENTS, write_whole_run
from wattbench.api.viewing import followed_run
from wattbench.api.viewing.followed_run import FollowedRun
from wattbench.api.viewing.whole_answer import whole_answer
from wattbench.errors import UserError
from wattbench.records import BlockPlan, BlockRow, RunLayout, RunRecords, WindowRow, read_run
from wattbench_reports.sections.under_way import RunUnderWay


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[RunLayout]:
    """A run that is written, without an answer so far; `whole` next to it has them all."""
    root = write_whole_run(tmp_path)
    shutil.copytree(root, tmp_path / "whole")
    layout = RunLayout(root)
    layout.finished.unlink()
    shutil.rmtree(root / "items")
    layout.windows.unlink()
    with filelock.FileLock(layout.lock):
        yield layout


def so_far(run: FollowedRun) -> RunUnderWay:
    given = run.so_far()
    assert given is not None
    return given


def append(layout: RunLayout, system: str, task: str, lines: slice) -> None:
    source = RunLayout(layout.root.parent / "whole").answers(system, task)
    target = layout.answers(system, task)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a") as file:
        file.writelines(source.read_text().splitlines(keepends=True)[lines])


def test_each_answer_counts_once_and_no_line_is_read_twice(layout: RunLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    rows = followed_run.parsed_rows

    def counted(path: Path, lines: list[bytes], row: type, **given: Any) -> list[Any]:
        read.extend(lines)
        return rows(path, lines, row, **given)

    monkeypatch.setattr(followed_run, "parsed_rows", counted)
    run = FollowedRun(layout.root)
    assert [(each.system, each.answers, each.planned) for each in so_far(run).systems] == [
        ("big", 0, 2 * DOCUMENTS), ("small", 0, 2 * DOCUMENTS),
    ]  # fmt: skip
    append(layout, "big", "add", slice(0, 3))
    with layout.answers("big", "add").open("a") as file:
        file.write('{"doc_id": 7, "torn')
    assert [each.answers for each in so_far(run).systems] == [3, 0]
    layout.answers("big", "add").write_text("")
    append(layout, "big", "add", slice(0, 5))
    append(layout, "small", "spell", slice(2, 4))
    for _ in range(3):
        assert [each.answers for each in so_far(run).systems] == [5, 2]
    assert len(read) == 7


def test_a_failed_request_that_is_asked_again_is_one_answer(layout: RunLayout) -> None:
    append(layout, "big", "add", slice(0, 2))
    path = layout.answers("big", "add")
    first = json.loads(path.read_text().splitlines()[0])
    path.write_text(json.dumps(first | {"failure": "no answer"}) + "\n")
    run = FollowedRun(layout.root)
    (big, _) = so_far(run).systems
    assert (big.answers, big.failed) == (1, 1)
    with path.open("a") as file:
        file.write(json.dumps(first) + "\n")
    (big, _) = so_far(run).systems
    assert (big.answers, big.failed) == (1, 0)


def test_joules_are_of_valid_windows_that_count(layout: RunLayout) -> None:
    window = next(each for each in read_run(layout.root.parent / "whole").windows() if each.system == "big")
    first = replace(window, window="w1", block=0, attempt=0, energy_j={"cpu": 6.0}, passes=2)
    again = replace(first, window="w2", attempt=1, energy_j={"cpu": 5.0}, passes=1)
    bad = replace(first, window="w3", block=1, valid=False)
    _append(layout, first)
    run = FollowedRun(layout.root)
    (big, small) = so_far(run).systems
    assert (big.joules, big.windows, big.invalid, big.provenance) == (3.0, 1, 0, "counter")
    assert (small.joules, small.windows, small.provenance) == (None, 0, "")
    _append(layout, again, bad)
    plan = BlockPlan(blocks=3, seed=1, resident="all", chosen_by="suite", why="set by the suite")
    layout.block_plan.write_text(json.dumps(plan.as_json()))
    row = BlockRow(number=0, attempt=1, order=["big"], doc_ids={}, windows={})
    layout.blocks.write_text(json.dumps(row.as_json()) + "\n")
    given = so_far(run)
    (big, _) = given.systems
    assert (big.joules, big.windows, big.invalid) == (5.0, 2, 1)
    assert (given.complete_blocks, given.blocks, given.running) == (1, 3, True)


def _append(layout: RunLayout, *rows: WindowRow) -> None:
    with layout.windows.open("a") as file:
        file.writelines(json.dumps(row.as_json()) + "\n" for row in rows)


def test_of_a_run_on_a_cluster_it_says_when_answers_are_counted(layout: RunLayout) -> None:
    header = json.loads(layout.header.read_text())
    header["shard"] = {"blocks": [0, 1], "of": 2, "seed": 1, "handed_out": True}
    layout.header.write_text(json.dumps(header))
    given = so_far(FollowedRun(layout.root))
    assert given.title.endswith("their answers are counted when they are merged")
    assert {each.planned for each in given.systems} == {None}


def test_a_damaged_line_is_named_by_its_number(layout: RunLayout) -> None:
    append(layout, "big", "add", slice(0, 3))
    run = FollowedRun(layout.root)
    so_far(run)
    with layout.answers("big", "add").open("a") as file:
        file.write("{}\n")
    with pytest.raises(UserError, match=r"add\.jsonl: line 4.*the record is damaged"):
        run.so_far()


@pytest.fixture
def records(tmp_path: Path) -> RunRecords:
    return read_run(write_whole_run(tmp_path))


def test_an_answer_is_the_same_finished_or_not_but_for_its_score(records: RunRecords) -> None:
    scored = whole_answer(records, "small", "spell", 4)
    assert scored is not None
    assert scored.startswith("small on spell, document 4\n\n--- prompt\nQuestion 4 ä\n\n--- answer\n42")
    records.layout.finished.unlink()
    recorded = whole_answer(records, "small", "spell", 4)
    assert recorded is not None
    assert scored.startswith(recorded)
    assert scored.removeprefix(recorded).split() == ["---", "compared", "42", "---", "key", "42", "---", "score", "0"]
    for missing in (("small", "spell", 99), ("small", "none", 4), ("none", "spell", 4), ("../small", "spell", 4)):
        assert whole_answer(records, *missing) is None


def test_a_dropped_system_is_to_give_the_answers_of_its_blocks(tmp_path: Path) -> None:
    systems = (FakeSystem("a"), FakeSystem("b", accuracy=0.1, dropped_after=2))
    root = write_run(tmp_path, FakeRun(systems, blocks=4, finished=False))
    records = read_run(root)
    (first, second, *_) = records.blocks()
    asked = sum(len(doc_ids) for row in (first, second) for doc_ids in row.doc_ids.values())
    with filelock.FileLock(RunLayout(root).lock):
        assert [each.planned for each in so_far(FollowedRun(root)).systems] == [80, asked]
