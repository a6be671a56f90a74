"""After a look a run asks no more what was dropped; looks on record hold, and a missing one is made first."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.made_up.progress import Quiet
from tests.wattbench.scenarios.blocks.conftest import Refusing
from tests.wattbench.scenarios.cut_record import Writes, cut_after
from wattbench.api.suite_runs import copy_of
from wattbench.api.verify import verify
from wattbench.errors import UserError
from wattbench.measure.measuring_context import measuring
from wattbench.measure.resume import left_to_ask
from wattbench.meters import Chosen
from wattbench.records import DroppedRow, LookRow, Purpose, RunRecords, RunWriter, read_run
from wattbench.records.dropped import answers_left_out
from wattbench.records.line_checks import line_problems
from wattbench.scenarios.blocks import run_blocks

THIRD = ("    small: {", '    third: {kind: generalist, engine: python, call: "./answers.py:wrong"}\n    small: {')
BLOCKS = 4
STOP = "stop: {minimise: joules}"


@dataclass
class Planned:
    """Drops systems after stated numbers of blocks, and notes what it was asked."""

    drops: Mapping[int, Sequence[str]]
    asked: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """On record at each look."""

    def is_due(self, complete: int, blocks: int) -> bool:
        return complete < blocks

    def look(self, records: RunRecords, systems: Sequence[str], complete: int, blocks: int) -> LookRow:
        assert blocks == BLOCKS
        self.asked.append((complete, tuple(systems)))
        self.answers.append(sum(len(records.answers_of_all_attempts(*pair)) for pair in records.header.pairs))
        dropped = [
            DroppedRow(system=name, items=1, accuracy=None, cost=None, rival="adder")
            for name in self.drops.get(complete, ())
        ]
        return LookRow(
            blocks=complete, level=0.01, objective="cost", unit="joules", currency=None, systems=list(systems),
            dropped=dropped, at_s=1.0,
        )  # fmt: skip

    def lines(self, row: LookRow, blocks: int) -> Sequence[str]:
        return [f"after {row.blocks} of {blocks}: {each.system}" for each in row.dropped]


@pytest.fixture
def dropping(blocked: Callable[..., Any]) -> Callable[..., Any]:
    """A run of three systems, of which `third` is dropped after 1 block and `small` after 3."""

    def make(*changes: tuple[str, str], measure: str = f"blocks: {BLOCKS}, {STOP}") -> Any:
        run = blocked(THIRD, *changes, measure=measure)
        run.looker = Planned({1: ["third"], 3: ["small"]})
        return run

    return make


def order_sets(records: RunRecords) -> list[set[str]]:
    return [set(row.order) for row in records.blocks()]


EVERYONE = {"adder", "small", "third"}
ASKED = [EVERYONE, {"adder", "small"}, {"adder", "small"}, {"adder"}]


def test_what_a_look_dropped_is_asked_in_no_later_block(dropping: Callable[..., Any], quiet: Quiet) -> None:
    run = dropping()
    records = run.run()
    assert order_sets(records) == ASKED
    assert run.looker.asked == [(1, ("adder", "third", "small")), (2, ("adder", "small")), (3, ("adder", "small"))]
    assert [row.blocks for row in records.looks()] == [1, 2, 3]
    in_block = [sum(map(len, row.doc_ids.values())) for row in records.blocks()]
    assert run.items.groupby("system").size().to_dict() == {
        "adder": 9, "small": sum(in_block[:3]), "third": in_block[0]
    }  # fmt: skip
    first, second, third, _ = in_block
    assert run.looker.answers == [3 * first, 3 * first + 2 * second, 3 * first + 2 * (second + third)]
    assert [text for text in quiet.notes if text.startswith("after")] == ["after 1 of 4: third", "after 3 of 4: small"]
    assert answers_left_out(records) == (27 - 9 - sum(in_block[:3]) - in_block[0], 27)
    assert left_to_ask(run.root, run.resolved, run.cells).endswith(" 0 are missing")
    assert [problem for check in verify(run.root).checks for problem in check.problems] == []
    loaded = [row.system for row in records.windows() if row.purpose == Purpose.LOAD]
    assert sorted(loaded) == sorted(EVERYONE), "dropped systems stay loaded, as the idle draw was measured with them"


def test_a_system_that_is_loaded_alone_is_not_loaded_again_once_it_is_dropped(dropping: Callable[..., Any]) -> None:
    run = dropping(measure=f"blocks: {BLOCKS}, resident: one, {STOP}")
    records = run.run()
    loads = Counter(row.system for row in records.windows() if row.purpose == Purpose.LOAD)
    assert order_sets(records) == ASKED
    turns = Counter(name for row in records.blocks() for name in row.order)
    assert all(loads[name] <= 1 + turns[name] for name in EVERYONE), loads
    assert loads["third"] == 2


def test_a_run_of_one_system_that_is_left_makes_no_further_look(blocked: Callable[..., Any]) -> None:
    run = blocked(measure=f"blocks: {BLOCKS}, {STOP}")
    run.looker = Planned({1: ["small"]})
    assert [row.blocks for row in run.run().looks()] == [1]


def test_a_look_that_cannot_be_made_leaves_out_no_system(blocked: Callable[..., Any], quiet: Quiet) -> None:
    class Failing(Planned):
        def look(self, records: RunRecords, systems: Sequence[str], complete: int, blocks: int) -> LookRow:
            raise UserError("no score")

    run = blocked(measure=f"blocks: {BLOCKS}, {STOP}")
    run.looker = Failing({})
    records = run.run()
    assert records.looks() == []
    assert order_sets(records) == [{"adder", "small"}] * BLOCKS
    assert "after block 1 of 4 no system is left out: no score" in quiet.notes


@pytest.mark.slow
@pytest.mark.alone  # its windows are short: one that is read late is not valid
def test_wherever_it_is_killed_a_run_makes_each_look_once_and_asks_the_same_systems(
    dropping: Callable[..., Any], writes: Writes, tmp_path: Path
) -> None:
    whole = dropping(
        ("idle_s: 0.01, warmup: 2", "idle_s: 0, warmup: 1"), measure=f"blocks: {BLOCKS}, busy: mark, {STOP}"
    )
    whole.run()
    looks = [row.as_json() for row in whole.records.looks()]
    made = [each for each in writes if each[0].name != "run.json"]
    around = {
        near
        for number, (path, *_) in enumerate(made)
        if path.name in ("blocks.jsonl", "looks.jsonl")
        for near in range(number - 2, number + 6)
        if 0 <= near < len(made)
    }
    assert len(around) > 20
    kept = shutil.copytree(whole.root, tmp_path / "kept")
    for number in sorted(around):
        shutil.rmtree(whole.root)
        shutil.copytree(kept, whole.root)
        path, at_once, data = made[number]
        cut_after(whole.root, made, number, b"" if at_once else data[: len(data) // 2])
        whole.looker = Planned(whole.looker.drops)
        records = whole.run()
        assert order_sets(records) == ASKED, (number, path)
        assert [row.as_json() for row in records.looks()] == looks, (number, path)
        keys = Counter(
            (system, task, row.doc_id)
            for system, task in records.header.pairs
            for row in records.answers_of_all_attempts(system, task)
        )
        assert set(keys.values()) == {1}, (number, path)
        assert list(line_problems(records)) == []


class EverySecond(set[int]):
    """Every second document that is looked up, so that a block has both failures and answers of each system."""

    looked_up = 0

    def __contains__(self, _: object) -> bool:
        self.looked_up += 1
        return self.looked_up % 2 == 0


def test_failed_requests_of_a_dropped_system_are_repeated_in_the_blocks_that_it_was_asked(
    dropping: Callable[..., Any], refusing: Refusing
) -> None:
    run = dropping()
    refusing.documents = EverySecond()
    first = run.run()
    refusing.documents = set()
    root = copy_of(first, [])
    with measuring(RunWriter(root), run.resolved, Chosen([run.make_meter()]), run.quiet, retry_failed=True) as context:
        run_blocks(context, run.cells, run.looker)
    again = read_run(root)
    of_attempt = {attempt: [set(r.order) for r in again.blocks() if r.attempt == attempt] for attempt in (0, 1)}
    assert of_attempt[0] == ASKED
    assert of_attempt[1] == ASKED
    assert [row.as_json() for row in again.looks()] == [row.as_json() for row in first.looks()]
    assert list(line_problems(again)) == []
