"""Killed after any line of its record, a gate is resumed without losing or doubling an item."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wattbench.scenarios.cut_record import Writes, cut_after
from wattbench.records import SIDES, Purpose, RunRecords
from wattbench.records.line_checks import check_lines
from wattbench.scenarios.interleaved import schedule

ITEMS = 7


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch, two_tasks: Any, gated: Callable[..., Any]) -> Any:
    """A gate of a pair of short rounds, a pair of long ones, and a round alone; loaded again once."""
    monkeypatch.setattr(schedule, "GATE_SHORT_PAIRS", 1)
    quick = ("idle_s: 0.01, warmup: 2, min_window_s: 0.01", "idle_s: 0, warmup: 1, min_window_s: 0")
    few = [(f"domain: {domain}}}", f"domain: {domain}, limit: 5}}") for domain in ("arithmetic", "other")]
    return gated(quick, *two_tasks, *few, block=2, max_items=ITEMS, reloads=1)


def check_whole(records: RunRecords, items: Any) -> None:
    """Check that what counts is complete and fits together."""
    assert records.finished
    assert not records.open_windows()
    rounds = records.rounds()
    assert [row.number for row in rounds] == list(range(len(rounds)))
    counted = Counter(item for row in rounds for item in row.items)
    assert set(counted.values()) == {1}
    windows = {row.window: row for row in records.windows()}
    for row in rounds:
        assert {windows[name].purpose for name in row.windows.values()} == {Purpose.MEASURED}
        for side in SIDES:
            scored = {(task, each.doc_id) for task, of_task in row.scores[side].items() for each in of_task}
            assert scored == {*row.items}
    of_pair = Counter(row.pair for row in rounds)
    assert set(of_pair.values()) <= {1, 2}
    for pair in (pair for pair, number in of_pair.items() if number == 2):
        one, other = (row for row in rounds if row.pair == pair)
        assert (one.first != other.first, len(one.items)) == (True, len(other.items))
    asked = Counter(zip(items["system"], items["task"], items["doc_id"], strict=True))
    assert asked == Counter({(system, *item): 1 for system in ("adder", "small") for item in counted})


@pytest.mark.slow
def test_no_item_is_lost_or_doubled_wherever_a_gate_is_killed(
    writes: Writes, whole: Any, make_steady: Any, quiet: Any, tmp_path: Path
) -> None:
    whole.run(make_steady(), quiet)
    check_whole(whole.records, whole.items)
    assert [row.pair for row in whole.records.rounds()] == [0, 0, 1, 1, 2]
    made = [each for each in writes if each[0].name != "run.json"]
    kept = shutil.copytree(whole.root, tmp_path / "kept")
    assert len(made) > 40
    for number in range(0, len(made), 3):  # a turn has two or five writes, a round one more: all kinds are among them
        _, at_once, data = made[number]
        shutil.rmtree(whole.root)
        shutil.copytree(kept, whole.root)
        cut_after(whole.root, made, number, b"" if at_once else data[: len(data) // 2])
        check_lines(whole.records)
        before = [row.items for row in whole.records.rounds()]
        first_load = max((row.load for row in whole.records.rounds()), default=-1) + 1
        records = whole.run(make_steady(), quiet)
        check_whole(records, whole.items)
        rounds = records.rounds()
        assert [row.items for row in rounds[: len(before)]] == before  # nothing that counted is lost
        assert {row.load for row in rounds[len(before) :]} <= {first_load, first_load + 1}
        left_out = ITEMS - sum(len(row.items) for row in rounds)
        assert 0 <= left_out <= 2, number  # at most the round in which it was killed
