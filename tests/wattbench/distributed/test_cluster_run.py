"""How a run of several slots is laid out, what it refuses, and how the merged run takes its place."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.made_up.rows import HEADER
from wattbench.config import Resolved
from wattbench.distributed import cluster_run
from wattbench.distributed.cluster_run import blocks_of, check_can_be_shared, is_handed_out
from wattbench.distributed.same_work import (
    check_same_cells,
    check_same_files,
    check_same_versions,
    files_of,
    versions,
)
from wattbench.errors import UserError


@pytest.mark.parametrize(
    ("measure", "items", "slots", "expected"),
    [
        ("blocks: auto", 1000, 1, 5),
        ("blocks: auto", 1000, 8, 32),
        ("blocks: auto", 1000, 100, 400),
        ("blocks: auto, batch: 16, scenario: throughput", 100, 8, 6),  # a block holds a batch
        ("blocks: 12", 1000, 8, 12),
        ("blocks: 12", 7, 8, 7),
    ],
)
def test_there_are_blocks_for_every_slot(short_suite, measure: str, items: int, slots: int, expected: int) -> None:
    assert blocks_of(short_suite(measure=measure).suite.measure, items, slots) == expected


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ("blocks: 1", "measure.blocks is 1"),
        ("scenario: load, load: {rates_per_s: [1], deadline_s: 1}", "under scenario: load there are no blocks"),
    ],
)
def test_a_suite_without_blocks_is_refused(short_suite, measure: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        check_can_be_shared(short_suite(measure=measure))


def test_a_budget_is_refused(short_suite) -> None:
    resolved: Resolved = short_suite()
    check_can_be_shared(resolved)
    suite = resolved.suite.model_copy(update={"max_cost": "5 USD"})
    with pytest.raises(UserError, match="max_cost"):
        check_can_be_shared(Resolved(suite, resolved.systems, resolved.path))


def test_a_run_of_a_cluster_is_told_from_a_shard(tmp_path: Path) -> None:
    shard = {"blocks": [0, 1], "of": 2, "seed": 1}
    assert not is_handed_out(HEADER, tmp_path)
    assert not is_handed_out(replace(HEADER, shard=shard), tmp_path)
    assert is_handed_out(replace(HEADER, shard={**shard, "handed_out": True}), tmp_path)
    (tmp_path / "merged").mkdir()
    assert is_handed_out(HEADER, tmp_path)


def begun(root: Path) -> None:
    """A run whose shards are merged, but not in their place."""
    files = {
        "run.json": "planned", "run.lock": "", "shards/one/run.json": "of a shard", "merged/run.json": "merged",
        "merged/items/adder/sums.jsonl": "{}", "merged/items.parquet": "table", "merged/finished.json": json.dumps({}),
        "merged/run.lock": "",
    }  # fmt: skip
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def content(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}


PLACED = {
    "run.json": "merged", "run.lock": "", "items/adder/sums.jsonl": "{}", "items.parquet": "table",
    "finished.json": "{}",
}  # fmt: skip


class Killed(BaseException):
    """In place of the end of the process."""


def killing(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process before the step of this number that changes a folder."""
    steps = itertools.count()

    def stopping(function: Callable) -> Callable:
        def stop(*args, **named):
            if next(steps) == step:
                raise Killed
            return function(*args, **named)

        return stop

    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "rmdir"), (shutil, "rmtree")):
        monkeypatch.setattr(owner, name, stopping(getattr(owner, name)))


@pytest.mark.parametrize("step", range(9))
def test_a_kill_while_the_merged_run_takes_its_place_loses_nothing(tmp_path: Path, step: int) -> None:
    begun(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        killing(step, patch)
        with contextlib.suppress(Killed):
            cluster_run._take_places(tmp_path)
    if (tmp_path / "finished.json").exists():  # whole from then on, but for an empty folder
        assert content(tmp_path) == PLACED
        return
    assert (tmp_path / "merged" / "finished.json").exists()
    cluster_run._take_places(tmp_path)
    assert content(tmp_path) == PLACED
    assert not (tmp_path / "merged").exists()


def test_files_that_a_suite_names_are_compared(short_suite) -> None:
    resolved = short_suite()
    folder = resolved.path.parent
    files = files_of(resolved.as_record())
    assert set(files) == {str(folder / "answers.py"), str(folder / "power.csv")}
    check_same_files(files)
    (folder / "answers.py").rename(folder / "behind.py")
    (folder / "answers.py").symlink_to(folder / "behind.py")
    check_same_files(files)  # a link to the same
    (folder / "answers.py").write_text("other")
    with pytest.raises(UserError, match=r"answers\.py differs from the driver's"):
        check_same_files(files)
    (folder / "answers.py").unlink()
    with pytest.raises(UserError, match=r"answers\.py is missing here"):
        check_same_files(files)


def test_a_node_with_other_versions_is_refused() -> None:
    check_same_versions(versions())
    with pytest.raises(UserError, match=r"the driver 9\.9\. Install the same on every node"):
        check_same_versions({**versions(), "wattbench": "9.9"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"docs_sha256": "x"}, "task 'sums' is not the driver's: its documents differ"),
        ({"task_sha256": "x"}, "it would be asked or scored otherwise"),
        ({"items": 3}, "another number of documents"),
        ({"task_version": "2"}, "its task_version is '2' and not '1'"),
    ],
)
def test_a_task_that_differs_on_a_node_is_named(change: dict, reason: str) -> None:
    cell = {"system": "a", "task": "sums", "items": 2, "task_version": "1", "docs_sha256": "d", "task_sha256": "t"}
    check_same_cells([cell], [dict(cell)])
    with pytest.raises(UserError, match=reason):
        check_same_cells([cell], [{**cell, **change}])
    with pytest.raises(UserError, match="it planned 2 cells, and the driver 1"):
        check_same_cells([cell], [cell, cell])
