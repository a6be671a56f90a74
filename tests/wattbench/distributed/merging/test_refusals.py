"""What cannot be merged is named: which shard, what is wrong with it, and what to do."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.made_up.sharded_runs import OF, rewrite
from wattbench.distributed.merging import merge_shards
from wattbench.errors import UserError
from wattbench.records import RunLayout
from wattbench.records.finish_record import finish_record


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Merges shards that cannot be; returns the message, and what was printed before. Nothing may be written."""

    def merge(*paths: Path) -> tuple[str, str]:
        printed: list[str] = []
        with pytest.raises(UserError) as error:
            merge_shards(paths, tmp_path / "merged", ["merge"], printed.append)
        assert [path.name for path in tmp_path.iterdir() if "merg" in path.name] == []
        return str(error.value), "\n".join(printed)

    return merge


def test_missing_blocks_are_named_with_the_command_that_asks_them(refused, shards: list[Path]) -> None:
    message, _ = refused(shards[0], shards[2])
    folder = shards[0].parent
    assert message == (
        "nothing is merged: blocks 3-4 of 6 are missing. Ask with: wattbench run 'my suite.yaml' --limit 11 "
        f"--block 3-4/6 --seed 5 --out {folder}"
    )


def test_many_commands_are_printed_before_the_message(refused, shards: list[Path], shard) -> None:
    for root in shards:
        shutil.rmtree(root)
    written = [shard(blocks=(block,)) for block in (1, 3, 5)]
    for root in written:
        rewrite(root / "run.json", shard={"blocks": [2 * written.index(root) + 1], "of": 9, "seed": 5})
    message, printed = refused(*written)
    assert "blocks 1, 3, 5, 7-9 of 9 are missing" in message
    assert message.count("wattbench run") == 3
    assert "and 1 more commands" in message
    assert printed.count("wattbench run") == 4
    assert "--block 7-9/9" in printed


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["wattbench", "run", "s.yaml", "--block=1/6", "--out", "x", "--wait", "--open", "--limit", "3"],
         "wattbench run s.yaml --limit 3 --block"),
        (["wattbench", "run", "--wait", "600", "s.yaml", "--seed", "4", "--report", "a.html"], "run s.yaml --block"),
        (["wattbench.run", "s.yaml", "systems=a,b", "limit=3", "block=1/6"],
         "wattbench run s.yaml --systems a,b --limit 3 --block"),
        (["somebody's script"], "wattbench run /suites/s.yaml --block"),
    ],
)  # fmt: skip
def test_the_command_is_that_of_another_shard(refused, shards: list[Path], command: list[str], expected: str) -> None:
    for root in shards[:2]:
        rewrite(root / "run.json", command=command)
    message, _ = refused(*shards[:2])
    assert f"{expected} 5-6/6 --seed 5" in message


def test_a_shard_that_was_cut_off_is_named_with_what_finishes_it(refused, shards: list[Path], shard) -> None:
    shutil.rmtree(shards[2])
    cut_off = shard(blocks=(4, 5), finished=False)
    message, _ = refused(*shards[:2], cut_off)
    assert "blocks 5-6 of 6 are missing" in message
    assert f"wattbench run --resume {cut_off} (on the machine that began it)" in message


def test_a_shard_that_was_cut_off_is_passed_over_where_others_have_its_blocks(
    shards: list[Path], shard, tmp_path: Path
) -> None:
    printed: list[str] = []
    cut_off = shard(blocks=(1, 4), finished=False)
    assert merge_shards([*shards, cut_off], tmp_path / "merged", ["merge"], printed.append).is_dir()
    assert printed == [f"wattbench: {cut_off} was cut off and is passed over: finished shards have its blocks"]


def test_a_block_that_is_there_twice_is_named_with_both_shards(refused, shards: list[Path], shard) -> None:
    other = shard(blocks=(1,))
    message, _ = refused(*shards, other)
    assert message == f"block 2 is there twice, in {shards[0]} and in {other}: name one of the two"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"suite_sha256": "cd" * 32}, "its suite has the hash cdcdcdcdcdcd, there abababababab"),
        ({"shard": {"blocks": [2, 3], "of": 6, "seed": 9}}, "its seed is 9, there 5"),
        ({"shard": {"blocks": [2, 3], "of": 7, "seed": 5}}, "its number of blocks is 7, there 6"),
        ({"cells": []}, "number of its cells: 0, there 6"),
        ({"rescored": {"from": "x"}}, "it is rescored: merge the shard that it was made of"),
        ({"shard": None}, "it is no shard"),
    ],
)
def test_a_shard_of_another_run_is_named(refused, shards: list[Path], changes: dict[str, Any], said: str) -> None:
    rewrite(shards[1] / "run.json", **changes)
    message, _ = refused(*shards)
    assert str(shards[1]) in message
    assert said in message


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("repeats", 10**12, r"items.parquet: it has \d+ answers of big to add in block 1, and blocks.jsonl \d{13},"),
        *(("repeats", value, "run.json: suite.measure.repeats is ") for value in ("x", None, -1, 0.5)),
        *(("items", value, "run.json: items of big on add is ") for value in ("x", None, -1, [1])),
        ("of", 10**12, r"run.json: shard is .*of at most 1,000,000"),
        ("measure", 7, "run.json: suite.measure.repeats is None"),
    ],
)
def test_what_all_headers_state_is_checked_too(refused, shards: list[Path], field: str, value: Any, said: str) -> None:
    """Shards that agree in a figure that cannot be, so that none differs from another."""
    for root in shards:
        header = json.loads((root / "run.json").read_text())
        if field == "of":
            header["shard"]["of"] = value
        elif field == "items":
            header["cells"][0]["items"] = value
        else:
            header["suite"]["suite"]["measure"] = value if field == "measure" else {"repeats": value}
        (root / "run.json").write_text(json.dumps(header))
        (root / "finished.json").write_bytes(finish_record(RunLayout(root), "2026-01-02T04:00:00+00:00", 1, 1))
    message, _ = refused(*shards)
    assert re.search(said, message)


def test_other_documents_are_named(refused, shards: list[Path]) -> None:
    cells = json.loads((shards[1] / "run.json").read_text())["cells"]
    rewrite(shards[1] / "run.json", cells=[{**cell, "docs_sha256": "2"} for cell in cells])
    message, _ = refused(*shards)
    assert "docs_sha256 of big on add is 2, there 1" in message


def test_a_changed_file_is_named(refused, shards: list[Path]) -> None:
    path = shards[1] / "scores" / "big" / "add.jsonl"
    path.write_text(path.read_text().replace('"correct": 1.0', '"correct": 0.0', 1))
    message, _ = refused(*shards)
    assert "scores/big/add.jsonl is not as it was written" in message


@pytest.mark.parametrize(
    ("system", "said"),
    [
        ({"weights_sha256": "ef"}, "weights of big (SHA-256) is ef, and not recorded in"),
        ({"engine_version": "2"}, "engine of big (version) is 2, and not recorded in"),
        ({"dtype": "float16"}, "number type of big (type) is float16, and none in"),
    ],
)
def test_a_system_that_is_not_the_same_is_named(
    refused, shards: list[Path], shard, system: dict[str, Any], said: str
) -> None:
    shutil.rmtree(shards[1])
    other = shard(blocks=(2, 3), system=system)
    message, _ = refused(shards[0], other, shards[2])
    assert message.startswith(f"{other}: ")
    assert said in message


def test_a_machine_that_changed_between_its_shards_is_named(refused, shards: list[Path], shard) -> None:
    shutil.rmtree(shards[1])
    other = shard(blocks=(2, 3), node="a" * 12, header={"environment": {"cpu": {"model": "Another"}}})
    message, _ = refused(shards[0], other, shards[2])
    assert "CPU of its machine (aaaaaaaaaaaa) is" in message


def without_digests(root: Path) -> None:
    rewrite(root / "finished.json", sha256=None, own_sha256="")


def test_an_answer_that_is_missing_or_there_twice_is_found(refused, shards: list[Path]) -> None:
    table = pd.read_parquet(shards[1] / "items.parquet")
    without_digests(shards[1])
    for changed in (table.drop(index=3), pd.concat([table[:1], table])):
        changed.to_parquet(shards[1] / "items.parquet")
        message, _ = refused(*shards)
        assert f"{shards[1] / 'items.parquet'}: it has" in message


def test_rows_in_another_order_than_the_plan_are_found(refused, shards: list[Path]) -> None:
    table = pd.read_parquet(shards[1] / "items.parquet")
    without_digests(shards[1])
    table[::-1].to_parquet(shards[1] / "items.parquet")
    message, _ = refused(*shards)
    assert "items.parquet" in message


def test_joules_that_are_not_those_of_the_window_are_found(refused, shards: list[Path]) -> None:
    table = pd.read_parquet(shards[1] / "items.parquet")
    without_digests(shards[1])
    table.assign(energy_j=table["energy_j"] * 0.5).to_parquet(shards[1] / "items.parquet")
    message, _ = refused(*shards)
    assert "the joules of the items of the window b3-w" in message


def test_lines_that_are_out_of_order_or_of_other_blocks_are_found(refused, shards: list[Path]) -> None:
    without_digests(shards[1])
    scores = shards[1] / "scores" / "big" / "add.jsonl"
    lines = scores.read_text().splitlines(keepends=True)
    scores.write_text("".join(reversed(lines)))
    assert "is not in the order of its documents" in refused(*shards)[0]
    scores.write_text("".join(lines))
    answers = shards[1] / "items" / "big" / "add.jsonl"
    answers.write_text(answers.read_text().replace('"block": 2, "attempt": 1', '"block": 5, "attempt": 1'))
    assert "is of block 6, which this shard does not have" in refused(*shards)[0]


def test_a_block_that_was_not_asked_of_all_systems_is_found(refused, shards: list[Path]) -> None:
    without_digests(shards[1])
    path = shards[1] / "blocks.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[-1]["windows"].pop("small")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "has no window of small: no whole block" in refused(*shards)[0]


def test_a_deal_of_which_documents_are_in_two_blocks_is_found(refused, shards: list[Path]) -> None:
    without_digests(shards[1])
    path = shards[1] / "blocks.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    other = json.loads((shards[0] / "blocks.jsonl").read_text().splitlines()[0])["doc_ids"]["add"]
    rows[-1]["doc_ids"]["add"] = other
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "documents of add are in two blocks: these are not of one deal" in refused(*shards)[0]


def test_what_is_no_run_is_said(refused, tmp_path: Path, shards: list[Path]) -> None:
    assert "no run, and no folder of runs" in refused(tmp_path / "nowhere")[0]
    (tmp_path / "empty").mkdir()
    assert "no run, and no folder of runs" in refused(tmp_path / "empty")[0]
    assert "name the shards to merge" in refused()[0]


def test_a_run_that_is_there_is_not_replaced(shards: list[Path], tmp_path: Path) -> None:
    root = merge_shards(shards, tmp_path / "merged", ["merge"])
    before = (root / "finished.json").read_bytes()
    with pytest.raises(UserError, match="it is there already"):
        merge_shards(shards, tmp_path / "merged", ["merge"])
    assert (root / "finished.json").read_bytes() == before
    assert len(json.loads((root / "run.json").read_text())["merged"]) == OF // 2
