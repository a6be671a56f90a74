"""Merging shards changes no figure: whichever machine asked which blocks, the run is as if one had asked all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made_up.sharded_runs import OF, SYSTEMS, TASKS, Made, rewrite, write_shard
from wattbench.api.verify import verify
from wattbench.distributed.merging import merge_shards
from wattbench.records import RunRecords, SystemRow, read_run
from wattbench.records.reader import read_rows

OWN = ("run", "window", "node")
"""What tells the rows of a shard from those of a whole run."""


def windows_of(records: RunRecords) -> dict[str, str]:
    """Return the id of each measured window to what it is of."""
    return {row.window: f"{row.system} {row.block} {row.attempt}" for row in records.windows() if row.block is not None}


def items_of(records: RunRecords) -> pd.DataFrame:
    table = pd.read_parquet(records.layout.items_table)
    return table.assign(window=table["window"].map(windows_of(records))).drop(columns=["run", "node"])


def files_of(root: Path, folder: str) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted((root / folder).rglob("*.jsonl"))}


def answers_of(records: RunRecords, system: str, task: str) -> list[dict[str, Any]]:
    names = windows_of(records)
    lines = map(json.loads, records.layout.answers(system, task).read_text().splitlines())
    return [row | {"window": names[row["window"]]} for row in lines]


def sums_of(records: RunRecords) -> dict[tuple[str, str], tuple[object, ...]]:
    return {
        (row.system, row.component): tuple(
            pytest.approx(value, rel=1e-9) if isinstance(value, float) else value for value in vars(row).values()
        )
        for row in records.phases()
    }


@st.composite
def partitions(draw: st.DrawFn) -> list[list[int]]:
    """Draw which shard has which blocks, in the order in which they are asked."""
    owner = draw(st.lists(st.integers(0, 3), min_size=OF, max_size=OF))
    parts = [[block for block in range(OF) if owner[block] == each] for each in sorted(set(owner))]
    return [draw(st.permutations(part)) for part in parts]


@pytest.mark.slow
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=partitions())
def test_any_partition_of_the_blocks_gives_the_figures_of_the_whole_run(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    for number, blocks in enumerate(parts):
        write_shard(folder / "shards", Made(blocks=blocks, node=f"{number % 2:012x}"))
    one, merged = read_run(whole), read_run(merge_shards([folder / "shards"], folder / "merged", ["merge"]))
    pd.testing.assert_frame_equal(items_of(merged), items_of(one))
    for name in ("scores", "experts"):
        assert files_of(merged.layout.root, name) == files_of(whole, name)
    for system, _, _ in SYSTEMS:
        for task in TASKS:
            assert answers_of(merged, system, task) == answers_of(one, system, task)
    assert sums_of(merged) == sums_of(one)
    assert merged.estimates() == one.estimates()
    assert sorted((row.system, row.at_s) for row in merged.spending()) == sorted(
        (row.system, row.at_s) for row in one.spending()
    )
    assert [(row.number, row.attempt, row.order, row.doc_ids) for row in merged.blocks()] == [
        (row.number, row.attempt, row.order, row.doc_ids) for row in one.blocks()
    ]
    assert len(merged.passes()) == len(one.passes())
    shutil.rmtree(folder)


@pytest.mark.slow
def test_the_record_says_which_machines_measured_what(shards: list[Path], tmp_path: Path) -> None:
    root = merge_shards(reversed(shards), tmp_path / "merged", ["wattbench", "runs", "merge", "shards"])
    assert [p for check in verify(root).checks for p in check.problems] == []
    header, records = read_run(root).header, read_run(root)
    first, second = (read_run(each).header.node for each in shards[:2])
    assert (header.node, header.shard, list(header.machines)) == ("", None, [first, second])
    assert header.machines[second]["environment"]["hostname"] == f"host of {second}"
    assert header.machines[second]["meters"] == {"cpu": "rapl", "gpu0": "counter"}
    assert header.environment["hostname"] == f"host of {first}"
    assert [(each["run"], each["blocks"]) for each in header.merged or []] == [
        (shards[0].name, [0, 1]), (shards[1].name, [2, 3]), (shards[2].name, [4, 5]),
    ]  # fmt: skip
    assert {row.node for row in records.windows()} == {first, second}
    nodes = pd.read_parquet(records.layout.items_table).groupby("block")["node"].unique().map(list).to_dict()
    assert nodes == {block: [second if block in (2, 3) else first] for block in range(OF)}
    assert list(records.systems()) == [name for name, _, _ in SYSTEMS]
    assert {row.node for row in records.systems().values()} == {first}
    for node in (first, second):
        rows = [row for row in read_rows(records.layout.systems, SystemRow) if row.node == node]
        assert {row.system for row in rows} == {name for name, _, _ in SYSTEMS}
    loads = records.layout.load_traces("big")
    assert [path.name for path in loads] == ["%load-b1.csv", "%load-b3.csv", "%load-b5.csv"]
    assert f",loading on {second}," in loads[1].read_text()


def test_shards_of_one_machine_are_a_run_of_that_machine(tmp_path: Path) -> None:
    for blocks in ((0, 1, 2), (3, 4, 5)):
        write_shard(tmp_path / "shards", Made(blocks=blocks, node="c" * 12))
    header = read_run(merge_shards([tmp_path / "shards"], tmp_path / "merged", ["merge"])).header
    assert (header.node, header.machines) == ("c" * 12, {})


def test_no_window_of_two_shards_has_one_name_and_joules_are_their_items(shards: list[Path], tmp_path: Path) -> None:
    records = read_run(merge_shards(shards, tmp_path / "merged", ["merge"]))
    names = [row.window for row in records.windows()]
    assert len(set(names)) == len(names) == sum(len(read_run(each).windows()) for each in shards)
    assert {row.run for row in records.windows()} == {records.header.run}
    items = pd.read_parquet(records.layout.items_table)
    for row in records.windows():
        joules = items.loc[items["window"] == row.window, "energy_j"]
        if row.purpose == "measured" and row.valid:
            assert joules.sum() * row.passes == pytest.approx(row.total_j, rel=1e-9)
        elif row.purpose == "measured":
            assert joules.isna().all()
    assert len(items.groupby(["system", "batch"])["window"].unique().map(len).pipe(lambda n: n[n > 1])) == 0


def test_a_folder_that_is_there_gets_the_run_under_its_name(shards: list[Path], tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    root = merge_shards(shards, tmp_path / "runs", ["merge"])
    assert root.parent == tmp_path / "runs"
    assert root.name == read_run(root).header.run


def test_nothing_is_left_beside_the_run_and_the_shards_stay_as_they_are(shards: list[Path], tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    (tmp_path / ".merged.merging").mkdir()
    (tmp_path / ".merged.merging" / "of a killed one").write_text("partial")
    merge_shards(shards, tmp_path / "merged", ["merge"])
    assert {path.name for path in tmp_path.iterdir()} == {"merged", "shards"}
    assert {path: path.read_bytes() for path in before} == before


def test_a_shard_of_which_failures_were_asked_again_takes_the_place_of_the_other(
    shards: list[Path], shard, tmp_path: Path
) -> None:
    again = shard(blocks=(5, 4), header={"retried_from": shards[2].name}, name="again")
    header = read_run(merge_shards([tmp_path / "shards"], tmp_path / "merged", ["merge"])).header
    assert [each["run"] for each in header.merged or []] == [shards[0].name, shards[1].name, again.name]


def test_other_runs_of_a_folder_are_left_out(shards: list[Path], whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "shards" / whole.name)
    (tmp_path / "shards" / "notes").mkdir()
    assert merge_shards([tmp_path / "shards"], tmp_path / "merged", ["merge"]).is_dir()


def test_columns_that_an_older_table_lacks_have_their_defaults(shards: list[Path], tmp_path: Path) -> None:
    for root in shards:
        table = pd.read_parquet(root / "items.parquet").drop(columns=["co_runners"])
        table.to_parquet(root / "items.parquet")
        rewrite(root / "finished.json", sha256=None, own_sha256="")
    merged = merge_shards(shards, tmp_path / "merged", ["merge"])
    assert pd.read_parquet(merged / "items.parquet")["co_runners"].eq(0).all()


@pytest.mark.slow
def test_slots_of_one_machine_have_gpus_of_their_own(tmp_path: Path) -> None:
    for blocks, gpu in (((0, 1, 2), "gpu0"), ((3, 4, 5), "gpu3")):
        write_shard(tmp_path / "shards", Made(blocks=blocks, node="c" * 12, gpu=gpu))
    records = read_run(merge_shards([tmp_path / "shards"], tmp_path / "merged", ["merge"]))
    assert records.header.meters == {"cpu": "rapl", "gpu0": "counter", "gpu3": "counter"}
    rows = {row.component: row for row in records.phases() if row.system == "big"}
    assert list(rows) == ["cpu", "gpu0", "gpu3", "total"]
    assert rows["gpu0"].items + rows["gpu3"].items == rows["cpu"].items == rows["total"].items
    assert sum(rows[part].energy_j or 0.0 for part in ("cpu", "gpu0", "gpu3")) == pytest.approx(rows["total"].energy_j)
    assert [p for check in verify(records.layout.root).checks for p in check.problems] == []
