"""Names of blocks and windows of shards, and what holds of their records."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.made_up.sharded_runs import Made, rewrite, write_shard
from wattbench.errors import UserError
from wattbench.records import RunHeader, read_run
from wattbench.records.invariants import shard_problems
from wattbench.records.shards import blocks_in_words, part_in_words, shard_of, spans_of, window_prefix


def test_blocks_are_written_from_one() -> None:
    assert blocks_in_words([6, 0, 1, 2]) == "1-3, 7"
    assert blocks_in_words([]) == ""
    assert spans_of([5, 3, 4, 9]) == [(3, 5), (9, 9)]
    assert part_in_words([2], 16) == "block 3 of 16"
    assert part_in_words([2, 3], 16) == "blocks 3-4 of 16"


@pytest.mark.parametrize(
    ("window", "shard"),
    [("b3-w0001", "b3"), ("b12-w0044", "b12"), ("w0001", ""), ("b3w0001", ""), ("ab3-w0001", ""), ("", "")],
)
def test_a_window_says_which_shard_measured_it(window: str, shard: str) -> None:
    assert shard_of(window) == shard


def test_the_prefix_of_windows_is_the_first_block() -> None:
    assert window_prefix([7, 2]) == "b3"
    assert shard_of(f"{window_prefix([7, 2])}-w0001") == "b3"


@pytest.fixture
def shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("os.fsync", lambda _: None)
    return write_shard(tmp_path, Made(blocks=(1, 2)))


def problems(header: RunHeader, blocks: set[int | None], nodes: set[str | None]) -> str:
    return "; ".join(shard_problems(header, blocks, nodes))


def test_a_shard_has_its_blocks_and_no_other(shard: Path) -> None:
    header = read_run(shard).header
    assert problems(header, {1, 2}, {header.node, ""}) == ""
    assert "block 3 has no answers" in problems(header, {1}, set())
    assert "answers are in block 6, which is not of this run" in problems(header, {1, 2, 5}, set())
    assert "on the machine 'another'" in problems(header, {1, 2}, {"another"})


def test_a_merged_run_has_the_blocks_of_all_its_shards(shard: Path) -> None:
    merged = [{"blocks": [0, 1]}, {"blocks": [1, 2]}]
    rewrite(shard / "run.json", shard=None, node="", merged=merged, machines={"one": {}, "two": {}})
    header = read_run(shard).header
    assert problems(header, {0, 1, 2}, {"one", "two"}) == "block 2 is of two shards"
    assert "machine 'three'" in problems(header, {0, 1, 2}, {"three"})


def test_an_older_run_names_no_machine(shard: Path) -> None:
    rewrite(shard / "run.json", shard=None, node="")
    assert problems(read_run(shard).header, {None}, {None, ""}) == ""


@pytest.mark.parametrize("blocks", [None, [], "1", [1, 1], [2, 1], [-1], [True], [1.5], [{}]])
def test_blocks_that_are_none_are_damage(shard: Path, blocks: object) -> None:
    for changes in ({"merged": [{"blocks": blocks}]}, {"shard": {"blocks": blocks, "of": 6, "seed": 5}}):
        before = (shard / "run.json").read_text()
        rewrite(shard / "run.json", **changes)
        with pytest.raises(UserError, match="it must be numbers of blocks"):
            read_run(shard)
        (shard / "run.json").write_text(before)
