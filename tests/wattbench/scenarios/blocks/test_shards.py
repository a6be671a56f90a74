"""Runs of some blocks of a suite each: together they ask what one run asks, with no window's name given twice."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from wattbench.machine.environment import node
from wattbench.scenarios.blocks.turn import deal

SEED = 7
KEYS = ["system", "task", "doc_id", "block"]


def test_shards_ask_every_item_once_in_windows_of_their_own(blocked) -> None:
    runs = [blocked(shard={"blocks": blocks, "of": 4, "seed": SEED}) for blocks in ([0, 3], [1], [2])]
    records = [run.run() for run in runs]
    dealt = deal({"sums": 5, "more": 4}, 4, SEED)
    items = pd.concat([run.items for run in runs])
    expected = {
        (system, task, doc_id, block.number)
        for system in ("adder", "small")
        for block in dealt
        for task, doc_id in block.items
    }
    assert len(items) == len(expected)
    assert set(items[KEYS].itertuples(index=False, name=None)) == expected
    assert set(items["node"]) == {node()}
    windows = [row.window for each in records for row in each.windows()]
    assert len(set(windows)) == len(windows)
    assert {row.node for each in records for row in each.windows()} == {node()}
    for each, blocks in zip(records, ([0, 3], [1], [2]), strict=True):
        plan = each.block_plan()
        assert plan is not None
        assert (plan.blocks, plan.seed, plan.chosen_by) == (4, SEED, "shards")
        assert [row.number for row in each.blocks()] == blocks
        assert {row.node for row in each.blocks()} == {node()}
        assert all(row.node == node() for row in each.systems().values())


def test_a_shard_that_was_cut_off_asks_only_what_is_missing_of_its_blocks(blocked, monkeypatch) -> None:
    run = blocked(shard={"blocks": [1, 2], "of": 4, "seed": SEED})
    ends = itertools.count(1)
    from wattbench.records import RunWriter

    append_block = RunWriter.append_block

    def cut(self: RunWriter, row) -> None:
        append_block(self, row)
        if next(ends) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(RunWriter, "append_block", cut)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    records = run.run()
    assert [(row.number, row.attempt) for row in records.blocks()] == [(1, 0), (2, 0)]
    names = [row.window for row in records.windows()]
    assert len(set(names)) == len(names)
    assert all(name.startswith("b2-w") for name in names)
