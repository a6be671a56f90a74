"""Blocks that one process asks one after another: each a finished shard, with the systems loaded once for all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.made_up.progress import Quiet
from wattbench.distributed.block_worker import ShardSession
from wattbench.measure.plan import plan
from wattbench.records import Purpose, read_run
from wattbench.scenarios.blocks.turn import deal
from wattbench.systems.python import PythonEngine

DEAL = {"of": 4, "seed": 7}
pytestmark = pytest.mark.slow


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The systems in the order in which they were opened."""
    opened: list[str] = []
    begin = PythonEngine.__init__

    def watch(self: PythonEngine, name: str, *others, **named) -> None:
        opened.append(name)
        begin(self, name, *others, **named)

    monkeypatch.setattr(PythonEngine, "__init__", watch)
    return opened


@pytest.mark.parametrize("resident", ["all", "one"])
def test_blocks_are_finished_shards_of_one_deal(short_suite, tmp_path: Path, loads: list[str], resident: str) -> None:
    resolved = short_suite(measure=f"blocks: 4, resident: {resident}")
    session = ShardSession(resolved, plan(resolved), tmp_path / "shards", DEAL, ["test"], Quiet())
    roots = [session.ask(block) for block in (2, 0, 3)]
    session.close()
    expected = deal({"sums": 8}, 4, 7)
    windows = []
    for block, root in zip((2, 0, 3), roots, strict=True):
        records = read_run(root)
        assert records.finished
        assert records.header.shard == {"blocks": [block], **DEAL}
        assert [row.number for row in records.blocks()] == [block]
        items = pd.read_parquet(records.layout.items_table)
        assert {(task, doc_id) for task, doc_id in zip(items["task"], items["doc_id"], strict=True)} == set(
            expected[block].items
        )
        assert set(items["system"]) == {"adder", "small"}
        assert set(records.systems()) == {"adder", "small"}
        windows += [row.window for row in records.windows()]
        assert (items["energy_j"] > 0).all()
    assert len(set(windows)) == len(windows)
    if resident == "all":
        assert loads == ["adder", "small"]


def test_what_is_loaded_is_metered_in_the_first_shard_alone(short_suite, tmp_path: Path) -> None:
    resolved = short_suite()
    session = ShardSession(resolved, plan(resolved), tmp_path / "shards", DEAL, ["test"], Quiet())
    first, second = (read_run(session.ask(block)) for block in (1, 2))
    session.close()
    of_first, of_second = ([row for row in each.windows() if row.purpose == Purpose.LOAD] for each in (first, second))
    assert {row.window for row in of_first} == {row.load_window for row in first.systems().values()}
    assert of_second == []
    assert {row.load_window for row in second.systems().values()} == {None}
    was, now = (each.systems()["adder"] for each in (first, second))
    assert (was.load_s, was.weights_sha256) == (now.load_s, now.weights_sha256)
    idle = [
        {row.system: row.idle_w for row in each.windows() if row.purpose == Purpose.MEASURED}
        for each in (first, second)
    ]
    assert idle[0] == idle[1] != {}
