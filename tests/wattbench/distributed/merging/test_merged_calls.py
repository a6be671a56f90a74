"""Merging shards with an agent: its calls divide the windows of their own shard, and no figure changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.sharded_runs import Made, write_shard
from wattbench.api.verify import verify
from wattbench.distributed.merging import merge_shards
from wattbench.errors import UserError
from wattbench.records import read_run
from wattbench.records.finish_record import finish_record, read_finish
from wattbench.records.layout import RunLayout

pytestmark = pytest.mark.slow

FIGURES = ["energy_j", "energy_by_time_j", "energy_equal_j", "energy_above_idle_j"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, the same in three shards of two machines that measured at the same moments, and these merged."""
    root = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        write_shard(root / "whole", Made(agent=True, shard=False))
        for number, blocks in enumerate(((0, 3), (4, 1), (2, 5))):
            write_shard(root / "shards", Made(blocks=blocks, node=f"{number % 2:012x}", agent=True))
        merge_shards([root / "shards"], root / "merged", ["merge"])
    return root


def calls_of(root: Path) -> pd.DataFrame:
    return pd.read_parquet(root / "calls.parquet").set_index("call").sort_index()


def test_any_machine_may_have_asked_a_block(folder: Path) -> None:
    [whole] = (folder / "whole").iterdir()
    one, merged = calls_of(whole), calls_of(folder / "merged")
    pd.testing.assert_frame_equal(merged[FIGURES], one[FIGURES], rtol=1e-12)
    assert one["energy_j"].notna().any()
    items = [pd.read_parquet(root / "items.parquet").set_index("session") for root in (whole, folder / "merged")]
    both = [table[table.index.notna()].sort_index() for table in items]
    pd.testing.assert_series_equal(both[0]["energy_j"], both[1]["energy_j"], rtol=1e-12)


def test_each_call_is_as_in_its_shard_and_names_it(folder: Path) -> None:
    merged = calls_of(folder / "merged")
    shards = [calls_of(each) for each in sorted((folder / "shards").iterdir())]
    pd.testing.assert_frame_equal(merged[FIGURES], pd.concat(shards)[FIGURES].sort_index())
    assert set(merged["run"]) == {read_run(folder / "merged").header.run}
    assert set(merged["shard"]) == {"b1", "b2", "b3"}
    measured = merged[merged["window"] != ""]
    assert (measured["window"].str.split("-").str[0] == measured["shard"]).all()
    lines = [json.loads(line) for line in (folder / "merged" / "calls.jsonl").read_text().splitlines()]
    assert [row["call"] for row in lines] == pd.read_parquet(folder / "merged" / "calls.parquet")["call"].tolist()


def test_a_merged_run_passes_every_check(folder: Path) -> None:
    found = verify(folder / "merged")
    assert found.ok, [problem for check in found.checks for problem in check.problems]
    assert read_finish(RunLayout(folder / "merged")).calls == len(calls_of(folder / "merged"))


def test_a_session_of_two_shards_is_refused(tmp_path: Path) -> None:
    for blocks in ((0, 1, 2), (3, 4, 5)):
        write_shard(tmp_path / "shards", Made(blocks=blocks, agent=True))
    first, second = sorted((tmp_path / "shards").iterdir())
    layout = RunLayout(second)
    calls = pd.read_parquet(layout.calls_table)
    calls.assign(session=calls_of(first)["session"].iloc[0]).to_parquet(layout.calls_table)
    record = read_finish(layout)
    ended = finish_record(layout, record.finished_utc, record.items, record.windows, record.calls)
    layout.finished.write_bytes(ended)
    with pytest.raises(UserError, match=r"its session '.*' has the name of one of .*; ask the blocks of one of"):
        merge_shards([tmp_path / "shards"], tmp_path / "merged", ["merge"])
    assert not (tmp_path / "merged").exists()
