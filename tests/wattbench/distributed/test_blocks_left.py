"""What there is of each block of a suite, from the folders of its shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.rows import HEADER
from wattbench.distributed.coordinator import Deal, blocks_left
from wattbench.records import RunWriter

DEAL = Deal("ab" * 32, 5, 7)


def shards_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if (each / "run.json").exists())


def shard(folder: Path, blocks: Sequence[int] | None, **changes: Any) -> RunWriter:
    """Begin a shard; the process of the test writes it until it is closed."""
    name = "run" if blocks is None else "-".join(map(str, blocks))
    root = folder / f"{len(shards_in(folder))}-blocks-{name}"
    deal: dict[str, Any] = {"of": DEAL.of, "seed": DEAL.seed, "suite": DEAL.suite_sha256, **changes}
    own = None if blocks is None else {"blocks": list(blocks), "of": deal["of"], "seed": deal["seed"]}
    return RunWriter.create(root, replace(HEADER, run=root.name, suite_sha256=deal["suite"], shard=own))


def finished(folder: Path, blocks: Sequence[int], **changes: Any) -> Path:
    with shard(folder, blocks, **changes) as writer:
        writer.finish([], [], "2026-01-02T03:10:00+00:00")
    return writer.layout.root


def test_a_block_is_complete_being_asked_or_left(tmp_path) -> None:
    whole = finished(tmp_path, [0, 3])
    with shard(tmp_path, [1]) as torn:
        pass
    with shard(tmp_path, [4]) as going:
        state = blocks_left(shards_in(tmp_path), DEAL)
        assert state.complete == {0: whole, 3: whole}
        assert state.running == {4: going.layout.root}
        assert state.torn == {1: [torn.layout.root]}
        assert state.left == [1, 2]
        assert state.shards == [whole]
        assert not state.passed_over
    assert blocks_left(shards_in(tmp_path), DEAL).left == [1, 2, 4]  # its process ended, and it was not finished


def test_a_block_that_was_torn_counts_once_another_shard_has_it(tmp_path) -> None:
    with shard(tmp_path, [2]):
        pass
    with shard(tmp_path, [2]) as again:
        state = blocks_left(shards_in(tmp_path), DEAL)
        assert (state.running, state.torn, state.left) == ({2: again.layout.root}, {}, [0, 1, 3, 4])
    whole = finished(tmp_path, [2])
    state = blocks_left(shards_in(tmp_path), DEAL)
    assert (state.complete, state.torn, state.left) == ({2: whole}, {}, [0, 1, 3, 4])


def test_shards_are_listed_by_their_first_block_each_once(tmp_path) -> None:
    late, early = finished(tmp_path, [2, 4]), finished(tmp_path, [0, 1, 3])
    state = blocks_left(shards_in(tmp_path), DEAL)
    assert state.left == []
    assert state.shards == [early, late]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"suite": "cd" * 32}, "another suite"),
        ({"of": 6}, "another deal (6 blocks with seed 7, not 5 with 7)"),
        ({"seed": 8}, "another deal (5 blocks with seed 8, not 5 with 7)"),
    ],
)
def test_shards_of_something_else_are_passed_over_with_the_reason(tmp_path, changes, why) -> None:
    root = finished(tmp_path, [0], **changes)
    state = blocks_left(shards_in(tmp_path), DEAL)
    assert state.left == [0, 1, 2, 3, 4]
    assert why in state.passed_over[root]


def test_a_run_of_all_blocks_and_a_damaged_folder_are_passed_over(tmp_path) -> None:
    with shard(tmp_path, None) as run:
        pass
    root = finished(tmp_path, [0])
    (root / "finished.json").write_text((root / "finished.json").read_text().replace("03:10", "03:11"))
    no_json = finished(tmp_path, [1])
    (no_json / "run.json").write_text("{")
    state = blocks_left(shards_in(tmp_path), DEAL)
    assert state.left == [0, 1, 2, 3, 4]
    assert "no shard" in state.passed_over[run.layout.root]
    assert "damaged" in state.passed_over[root]
    assert set(state.passed_over) == {run.layout.root, root, no_json}


def test_of_two_shards_with_one_block_the_first_counts_and_the_other_is_named(tmp_path) -> None:
    first, second = finished(tmp_path, [0, 1]), finished(tmp_path, [1, 2])
    state = blocks_left(shards_in(tmp_path), DEAL)
    assert state.complete == {0: first, 1: first}
    assert state.left == [2, 3, 4]  # a merge takes whole shards, so what the second has alone is asked again
    assert f"block 2 is complete in {first.name}" in state.passed_over[second]
