"""Systems that a run stopped asking are left out where its tables are read, with their windows."""

from __future__ import annotations

import json

import pytest

from tests.made_up.runs import FakeRun, FakeSystem
from tests.made_up.standard_runs import grid_run
from wattbench.errors import UserError
from wattbench.records import RunLayout, RunRecords
from wattbench_reports.tables.asked_systems import answers_among, dropped_systems
from wattbench_reports.tables.run_tables import check_whole, load_frames

DROPPED = {"llama-high-2048": 5, "llama-high-4096": 5, "llama-medium-2048": 6}


@pytest.fixture
def run(make_run) -> RunRecords:
    return make_run(grid_run())


def test_dropped_systems_are_in_the_order_of_their_looks(run) -> None:
    assert {each.system: each.blocks for each in dropped_systems(run)} == DROPPED


def test_frames_hold_what_was_asked_to_the_end(run) -> None:
    frames = load_frames(run)
    assert not DROPPED.keys() & {*frames.systems, *frames.absent, *frames.windows["system"]}
    assert {row.system for row in frames.window_rows} == set(frames.systems)
    assert frames.differences == ()
    assert frames.left_out == DROPPED.keys()
    assert len(frames.metering) == len(frames.windows) == len(frames.window_rows)
    assert set(frames.more_columns("system")["system"]) == set(frames.systems)
    assert sum(len(part) for part in frames.parts("system")) == frames.number == 4 * 160
    check_whole(frames)


def test_some_of_these_answers_are_the_same_rows_of_the_file(run) -> None:
    frames = load_frames(run)
    some = frames.only(frames.items["system"] == "rule", frozenset())
    assert set(some.more_columns("system")["system"]) == {"rule"}
    assert sum(len(part) for part in some.parts("system")) == some.number == 160


def test_systems_are_read_in_the_blocks_that_all_of_them_were_asked(run) -> None:
    systems = ("llama-low-2048", "llama-medium-2048", "llama-high-2048")
    frames = load_frames(run, systems)
    assert frames.systems == systems
    assert set(frames.items["block"]) == set(range(5))
    assert frames.differences == ()
    assert set(load_frames(run, systems[:2]).items["block"]) == set(range(6))


def test_all_answers_of_a_run_without_looks_are_read(make_run) -> None:
    run = make_run(FakeRun((FakeSystem("one"), FakeSystem("two")), blocks=4))
    assert answers_among(run) is None
    assert load_frames(run).left_out == frozenset()


def test_a_record_in_which_every_system_is_dropped_is_a_named_error(run) -> None:
    layout = RunLayout(run.layout.root)
    looks = [json.loads(line) for line in layout.looks.read_text().splitlines()]
    looks[-1]["dropped"] = [looks[4]["dropped"][0] | {"system": name} for name in run.systems()]
    layout.looks.write_text("".join(f"{json.dumps(look)}\n" for look in looks))
    with pytest.raises(UserError, match=r"looks\.jsonl: no system was asked to the end"):
        load_frames(run)
