"""The complete blocks of a run that was stopped, in a run of their own: what is in it, and where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from tests.made_up.folders import contents
from wattbench.api.stopped_run import how_to_report, part_of
from wattbench.api.suite_runs import failed_requests_of
from wattbench.distributed.merging.found_shards import find_shards
from wattbench.errors import UserError
from wattbench.records import RunWriter, read_run
from wattbench.scenarios.blocks.turn import Turns


@pytest.fixture
def stopped(blocked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a run and stop it within a turn, when some turns are complete."""

    def make(after: int, **settings: Any) -> Any:
        run, turns, ask = blocked(**settings), [], Turns.ask

        def stopping(self: Turns, *arguments: Any) -> None:
            if len(turns) == after:
                monkeypatch.setattr(RunWriter, "append_window", interrupt)
            ask(self, *arguments)
            turns.append(arguments)

        def interrupt(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(Turns, "ask", stopping)
            with pytest.raises(KeyboardInterrupt):
                run.run()
        monkeypatch.undo()
        return run

    return make


def test_it_has_the_complete_blocks_and_nothing_of_the_others(stopped: Callable[..., Any]) -> None:
    run = stopped(after=3)  # both systems were asked the first block, and one of them the second
    before = contents(run.root)
    assert how_to_report(run.root) == (
        f"report the 1 complete block of 3 with: wattbench runs report --so-far {run.root}"
    )
    root = part_of(run.root, ["wattbench", "runs", "report"])
    assert root == run.root.with_name(f"{run.root.name}-1of3")
    assert contents(run.root) == before, "the run stays as it is"

    part, (block,) = read_run(root), run.records.blocks()
    assert (part.header.part_of, part.header.run) == (run.root.name, root.name)
    assert part.header.shard == {"blocks": [0], "of": 3, "seed": run.records.block_plan().seed}
    assert part.header.suite_sha256 != run.records.header.suite_sha256, "it is no further session"
    items = pd.read_parquet(part.layout.items_table)
    documents = [(task, doc_id) for task, doc_ids in block.doc_ids.items() for doc_id in doc_ids]
    for _, of_system in items.groupby("system"):
        assert sorted(zip(of_system["task"], of_system["doc_id"], strict=True)) == sorted(documents)
    assert {row.block for row in part.windows()} == {None, 0}
    assert len(run.records.windows()) > len(part.windows())

    resumed = run.run()
    assert len(resumed.blocks()) == 3
    whole = pd.read_parquet(resumed.layout.items_table)
    keys = ["system", "task", "doc_id"]
    both = items.merge(whole, on=keys, suffixes=("", "_whole"))
    assert len(both) == len(items)
    for name in ("correct", "energy_j", "started_s", "finished_s", "window"):
        assert both[name].equals(both[f"{name}_whole"]), "no figure of an answer is another one in the whole run"


def test_an_attempt_that_was_interrupted_is_left_out(stopped: Callable[..., Any]) -> None:
    run = stopped(after=2)
    path = run.records.layout.answers("adder", "sums")
    last = json.loads(path.read_text().splitlines()[-1])
    with path.open("a") as file:
        file.write(json.dumps(last | {"attempt": 1}) + "\n")
    part = read_run(part_of(run.root, []))
    assert {row.attempt for row in part.answers_of_all_attempts("adder", "sums")} == {0}


def test_what_is_there_already_is_not_made_again(stopped: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run = stopped(after=2)
    first = part_of(run.root, [])
    written = contents(first)
    assert part_of(run.root, []) == first
    assert contents(first) == written


def test_without_a_complete_block_it_says_so(stopped: Callable[..., Any]) -> None:
    run = stopped(after=1)
    with pytest.raises(UserError, match="none of its 3 blocks is complete yet, so that there is nothing to report"):
        part_of(run.root, [])


def test_a_finished_run_is_whole(blocked: Callable[..., Any]) -> None:
    run = blocked()
    run.run()
    assert part_of(run.root, []) == run.root


def test_changed_documents_are_refused(stopped: Callable[..., Any]) -> None:
    run = stopped(after=2)
    header = json.loads((run.root / "run.json").read_text())
    header["cells"][0]["docs_sha256"] = "0" * 64
    (run.root / "run.json").write_text(json.dumps(header))
    with pytest.raises(UserError, match="the documents of task 'sums' have changed"):
        part_of(run.root, [])
    assert list(run.root.parent.iterdir()) == [run.root]


def test_of_a_shard_it_is_neither_merged_nor_asked_again(stopped: Callable[..., Any]) -> None:
    run = stopped(after=2, shard={"blocks": [1, 2], "of": 3, "seed": 5})
    root = part_of(run.root, [])
    assert root.name == f"{run.root.name}-1of2"
    part = read_run(root)
    assert part.header.shard == {"blocks": [1], "of": 3, "seed": 5}
    assert [shard.root for shard in find_shards([run.root.parent])] == [run.root]
    with pytest.raises(UserError, match=f"it is a part of {run.root.name}, which was stopped"):
        find_shards([root])
    with pytest.raises(UserError, match="it holds complete blocks of a run that was stopped"):
        failed_requests_of(part)


def test_a_night_is_reported_when_it_is_finished(stopped: Callable[..., Any]) -> None:
    run = stopped(after=2)
    header = run.records.header
    night = {"date": "2026-11-25", "commit": None, "backfilled": False, "since": None}
    (run.root / "run.json").write_text(json.dumps(vars(replace(header, night=night))))
    assert how_to_report(run.root) is None
    with pytest.raises(UserError, match="it has no blocks that can be reported before its end"):
        part_of(run.root, [])


def test_a_resumed_run_counts_what_was_answered_before(stopped: Callable[..., Any]) -> None:
    run = stopped(after=2)
    begun = len(run.quiet.cells)
    run.run()
    assert run.quiet.cells[begun : begun + 2] == ["answered before"] * 2
    assert run.quiet.items_before[begun : begun + 2] == [3, 3]
