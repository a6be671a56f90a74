"""A run in blocks: what it asks and records, and what it does where other work disturbs it."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import pandas as pd
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from tests.made_up.meters import PlayedMeter
from wattbench.config import EndpointSystem, HybridSystem
from wattbench.errors import UserError
from wattbench.measure.live_scores import LiveScores
from wattbench.measure.measuring_context import measuring
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.measure.task_requests import task_context
from wattbench.meters import Chosen, Reading
from wattbench.meters.sampling.metering import OpenWindow
from wattbench.records import BlockRow, Purpose, RunRecords, RunWriter, WindowRow
from wattbench.scenarios.blocks.turn import deal, order_of
from wattbench.scenarios.closed_loop import run_cells
from wattbench.systems import Engine, open_engine
from wattbench.tasks.loading import load_task
from wattbench.tasks.scoring import evaluate, score_rows

KEYS = ["system", "task", "doc_id", "repeat"]

STEAL = "CPU time taken by the hypervisor"
"""How contention is named where a person reads it."""


def measured(records: RunRecords) -> dict[str, WindowRow]:
    return {row.window: row for row in records.windows() if row.purpose == Purpose.MEASURED}


class AskedByLmEval(LM):
    """Hands lm-eval's own requests to an engine."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine

    def generate_until(self, requests: list[Instance]) -> list[str]:
        return [reply.value for reply in self._engine.answer("generate_until", requests)]

    def loglikelihood(self, requests: list[Instance]) -> NoReturn:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


DOCUMENTS = MappingProxyType({"sums": 5, "more": 4})
"""How many of each task the suite has."""


def check_whole(
    records: RunRecords, items: pd.DataFrame, repeats: int = 1, documents: Mapping[str, int] = DOCUMENTS
) -> None:
    """Check what must hold of every finished run with blocks."""
    assert records.finished
    layout = records.block_plan()
    assert layout is not None
    dealt = deal(documents, layout.blocks, layout.seed)
    rows, windows = records.blocks(), measured(records)
    last = {row.number: row for row in rows}
    assert sorted(last) == list(range(layout.blocks))
    assert Counter(map(tuple, items[KEYS].to_numpy())) == Counter(
        (system, task, doc_id, repeat)
        for system in ("adder", "small")
        for task, number in documents.items()
        for doc_id in range(number)
        for repeat in range(repeats)
    )
    for number, row in last.items():
        assert row.doc_ids == dealt[number].doc_ids
        assert row.order == order_of(["adder", "small"], layout.seed, number, row.attempt)
        inside = items[items["block"] == number]
        assert (inside["attempt"] == row.attempt).all()
        for system in row.order:
            of_system = inside[inside["system"] == system]
            assert {(t, d) for t, d in zip(of_system["task"], of_system["doc_id"], strict=True)} == set(
                dealt[number].items
            )
            assert set(of_system["window"]) <= set(row.windows[system])
        first, second = ([windows[name] for name in row.windows[system]] for system in row.order)
        assert max(each.finished_s for each in first) <= min(each.started_s for each in second)
    assert {name for row in last.values() for ids in row.windows.values() for name in ids} == set(windows)
    for name, of_window in items.groupby("window"):
        window = windows[str(name)]
        assert (window.task, window.block, window.system) == (None, *of_window.iloc[0][["block", "system"]])
        assert (of_window["passes"] == window.passes).all()
        if window.valid:
            assert of_window["energy_j"].sum() * window.passes == pytest.approx(window.total_j)
    assert records.open_windows() == []


def test_every_block_is_asked_of_all_systems_in_windows_of_its_own(blocked) -> None:
    run = blocked()
    records = run.run()
    check_whole(records, run.items)
    for row in records.windows():
        if row.purpose == Purpose.MEASURED:
            assert row.idle_w.keys() == {"cpu"}
            assert records.layout.trace(row.system, None, row.block).is_file()
        elif row.purpose in (Purpose.LOAD, Purpose.IDLE):
            assert row.block is None
    assert sum(row.purpose == Purpose.IDLE for row in records.windows()) == 1  # both are loaded all the time
    assert sum(row.purpose == Purpose.LOAD for row in records.windows()) == 2
    plan_of_run = records.block_plan()
    assert (plan_of_run.blocks, plan_of_run.chosen_by, plan_of_run.resident) == (3, "suite", "all")
    assert plan_of_run.item_s.keys() == plan_of_run.switch_s.keys() == {"adder", "small"}
    assert {(row.system, row.task, row.component) for row in records.phases()} == {
        (system, None, component) for system in ("adder", "small") for component in ("cpu", "total")
    }
    # Every pass of a window that has several is on record, one after the other.
    for window in measured(records).values():
        passes = [row for row in records.passes() if row.window == window.window]
        assert sum(row.passes for row in passes) == (window.passes if window.passes > 1 else 0)
        assert [row.number for row in passes] == [sum(r.passes for r in passes[:i]) for i in range(len(passes))]
        assert all(a.finished_s <= b.started_s for a, b in itertools.pairwise(passes))


def test_scores_are_those_that_lm_eval_gives_where_it_asks_itself(blocked) -> None:
    run = blocked()
    run.run()
    for (name, task), items in run.items.groupby(["system", "task"]):
        (cell,) = (each for each in run.cells if (each.system, each.choice.task) == (name, task))
        context = task_context(run.resolved, cell.choice, allow_unsafe_code=False)
        with open_engine(name, cell.config, batch=1, seed=0) as engine:
            engine.begin_task(context)
            loaded = load_task(run.resolved, cell.choice)
            samples = evaluate(AskedByLmEval(engine), loaded, cell.config.prompt, run.resolved.suite.measure)
        scores = {score.doc_id: score for score in score_rows(samples, cell.choice, 0)}
        assert len(scores) == len(items)
        for row in items.itertuples():
            score = scores[row.doc_id]
            assert (row.doc_hash, row.correct, row.filtered, row.target, json.loads(row.metrics)) == (
                score.doc_hash, score.correct, score.filtered, score.target, score.metrics
            )  # fmt: skip


def test_scores_are_those_of_a_run_without_blocks(blocked, suite, steady, quiet, tmp_path: Path) -> None:
    run = blocked()
    run.run()
    resolved = suite(measure="blocks: 1")
    cells = plan(resolved)
    writer = new_run(tmp_path / "ordinary", resolved, cells, {}, [])
    with measuring(writer, resolved, Chosen([steady]), quiet) as context:
        run_cells(context, cells)
        ordinary = pd.read_parquet(writer.layout.items_table)
    same = [*KEYS, "doc_hash", "prompt_hash", "prompt", "correct", "output", "filtered", "target", "metrics"]
    pd.testing.assert_frame_equal(
        run.items[same].sort_values(KEYS, ignore_index=True), ordinary[same].sort_values(KEYS, ignore_index=True)
    )
    assert ordinary["block"].isna().all()


def test_each_run_is_dealt_anew(blocked) -> None:
    seeds = {blocked().run().block_plan().seed for _ in range(2)}
    assert len(seeds) == 2


@pytest.mark.parametrize(
    "measure",
    ["blocks: 2, repeats: 2", "blocks: 2, scenario: throughput, batch: 3", "blocks: auto", "blocks: 2, warmup: 0"],
)
def test_repeats_batches_and_the_number_that_auto_chooses(blocked, measure: str) -> None:
    run = blocked(("warmup: 2, ", ""), measure=measure) if "warmup" in measure else blocked(measure=measure)
    records = run.run()
    check_whole(records, run.items, repeats=2 if "repeats" in measure else 1)
    if "batch" in measure:
        # Batches hold items of both tasks, as both are asked in one way.
        together = run.items.groupby(["system", "batch"])
        assert together.size().max() == 3
        assert together["task"].nunique().max() == 2
        assert (together["window"].nunique() == 1).all()
    if "auto" in measure:
        assert records.block_plan().chosen_by == "auto"
        assert records.block_plan().blocks == 5


def test_one_at_a_time_loads_in_every_turn_and_measures_each_alone(blocked) -> None:
    run = blocked(measure="blocks: 3, resident: one")
    records = run.run()
    check_whole(records, run.items)
    windows = records.windows()
    loaded = None
    for row in sorted(windows, key=lambda row: row.started_s):
        if row.purpose == Purpose.LOAD:
            assert row.system != loaded  # it would have been still loaded
            loaded = row.system
        elif row.purpose == Purpose.MEASURED:
            assert row.system == loaded
    assert sum(row.purpose == Purpose.LOAD for row in windows) >= 5  # the survey, and a turn of each block
    assert Counter(row.system for row in windows if row.purpose == Purpose.IDLE) == {"adder": 1, "small": 1}
    assert records.block_plan().resident == "one"


def test_a_hybrid_is_asked_items_of_several_domains_in_any_order(blocked, suite) -> None:
    hybrid = (
        '    small: {kind: generalist, engine: python, call: "./answers.py:add_small"}\n',
        '    small: {kind: generalist, engine: python, call: "./answers.py:add_small"}\n'
        "    routed: {kind: hybrid, engine: hybrid, members: {arithmetic: adder, more: small},\n"
        "             router: {type: oracle}}\n",
    )
    run = blocked(hybrid)
    assert isinstance(run.resolved.systems["routed"], HybridSystem)
    run.run()
    routed = run.items[run.items["system"] == "routed"]
    assert dict(zip(routed["task"], routed["route"], strict=True)) == {"sums": "adder", "more": "small"}
    assert len(routed) == 9


@pytest.fixture
def disturbed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[WindowRow], bool]], None]:
    """Make windows contended, as a test says of each."""
    close = OpenWindow.close

    def make(when: Callable[[WindowRow], bool]) -> None:
        def closed(self: OpenWindow, **given: Any) -> WindowRow:
            row = close(self, **given)
            if row.purpose != Purpose.MEASURED or not when(row):
                return row
            return replace(row, contended=True, contention={"steal": 0.2}, valid=False)

        monkeypatch.setattr(OpenWindow, "close", closed)

    return make


def test_a_disturbed_block_is_asked_again_whole(blocked, disturbed) -> None:
    disturbed(lambda row: row.block == 1 and row.attempt == 0 and row.system == "small")
    run = blocked()
    records = run.run()
    check_whole(records, run.items)
    assert [(row.number, row.attempt, row.contended) for row in records.blocks()] == [
        (0, 0, {}), (1, 0, {"small": ["steal"]}), (1, 1, {}), (2, 0, {}),
    ]  # fmt: skip
    superseded = [row for row in records.windows() if row.purpose == Purpose.SUPERSEDED]
    assert {(row.system, row.block, row.attempt) for row in superseded} == {("adder", 1, 0), ("small", 1, 0)}
    table = pd.read_parquet(records.layout.windows_table)
    assert set(table[table["purpose"] == "superseded"]["window"]) == {row.window for row in superseded}
    assert not set(run.items["window"]) & {row.window for row in superseded}
    assert run.items["energy_j"].notna().all()
    assert run.quiet.notes[-1] == (
        f"asked again because of other work on this machine ({STEAL}): 1 of 3 blocks, 1 time in all"
    )
    assert f"block 2 of 3 was disturbed by other work on this machine ({STEAL}); it is asked again" in run.quiet.notes


@pytest.mark.alone  # its windows are short: one that is read late is not valid
def test_what_stays_disturbed_is_marked_and_never_dropped(blocked, disturbed) -> None:
    disturbed(lambda row: row.block == 0)
    run = blocked(("min_window_s: 0.01", "min_window_s: 0.1"), measure="blocks: 2")
    records = run.run()
    check_whole(records, run.items)
    assert [row.attempt for row in records.blocks() if row.number == 0] == [0, 1]  # again makes half of the run already
    assert run.items[run.items["block"] == 0]["energy_j"].isna().all()
    assert run.items[run.items["block"] != 0]["energy_j"].notna().all()
    marked = "its windows are marked, as those of further ones will be"
    assert f"block 1 of 2 was disturbed by other work on this machine ({STEAL}); {marked}" in run.quiet.notes


def test_where_other_work_goes_on_no_block_is_asked_again_which_is_said_once(blocked, disturbed) -> None:
    disturbed(lambda row: True)
    run = blocked(measure="blocks: 8")
    records = run.run()
    check_whole(records, run.items)
    assert [(row.number, row.attempt) for row in records.blocks()] == [(0, 0), (0, 1), (0, 2), *first_attempts(1, 8)]
    said = [note for note in run.quiet.notes if note.startswith("block ")]
    disturbed_block = f"block 1 of 8 was disturbed by other work on this machine ({STEAL}); "
    assert said == [
        f"{disturbed_block}it is asked again",
        f"{disturbed_block}it is asked again",
        f"{disturbed_block}asking again does not help, and no block is asked again from here on",
    ]


def first_attempts(start: int, stop: int) -> list[tuple[int, int]]:
    """The first attempts of blocks."""
    return [(number, 0) for number in range(start, stop)]


def test_modelled_joules_are_not_asked_again_for(blocked, disturbed) -> None:
    def modelled() -> PlayedMeter:
        return PlayedMeter(lambda at_s: Reading(at_s, {"cpu": 100.0 * at_s}), provenance="modelled")

    disturbed(lambda row: True)
    run = replace(blocked(), make_meter=modelled)
    records = run.run()
    check_whole(records, run.items)
    assert [(row.number, row.attempt) for row in records.blocks()] == first_attempts(0, 3)
    assert records.blocks()[0].contended


def test_a_run_that_is_resumed_asks_again_no_more_than_one_that_was_not(blocked, disturbed, monkeypatch) -> None:
    disturbed(lambda row: row.block in (0, 1, 5))
    run = blocked(measure="blocks: 8")

    class Killed(BaseException):
        pass

    append = RunWriter.append_block

    def killed(self: RunWriter, row: BlockRow) -> None:
        append(self, row)
        if row.number == 2:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(RunWriter, "append_block", killed)
        with pytest.raises(Killed):
            run.run()
    records = run.run()
    check_whole(records, run.items)
    assert [(row.number, row.attempt) for row in records.blocks()] == [(0, 0), (0, 1), (0, 2), *first_attempts(1, 8)]


def test_a_suite_may_only_mark_or_refuse(blocked, disturbed) -> None:
    disturbed(lambda row: row.block == 1 and row.attempt == 0)
    marked = blocked(measure="blocks: 3, busy: mark")
    assert [row.attempt for row in marked.run().blocks()] == [0, 0, 0]

    refused = blocked(measure="blocks: 3, busy: refuse")
    with pytest.raises(UserError, match=rf"block 2 of 3 was disturbed .*\({STEAL}\), and measure.busy is refuse"):
        refused.run()
    assert not refused.records.finished
    records = refused.run()  # resumed: the block is asked again
    check_whole(records, refused.items)
    assert [(row.number, row.attempt) for row in records.blocks()] == [(0, 0), (1, 0), (1, 1), (2, 0)]


def test_all_cannot_be_demanded_of_servers_on_one_port(blocked) -> None:
    served = EndpointSystem.model_validate(
        {"kind": "moe", "engine": "endpoint", "base_url": "http://127.0.0.1:8000/v1", "serve": {"command": "true"}}
    )
    run = blocked(measure="blocks: 3, resident: all")
    cells = [replace(cell, config=served) for cell in run.cells]
    with pytest.raises(
        UserError, match=r"several systems are served at http://127\.0\.0\.1:8000/v1\. Set resident: one"
    ):
        replace(run, cells=cells).run()


def test_the_progress_is_given_seconds_watts_and_scores_of_each_turn(
    blocked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, open_at_scoring = blocked(), []
    score = LiveScores.of

    def watched(self: LiveScores, by_task: Any) -> tuple[float, int] | None:
        open_at_scoring.append(len(run.records.open_windows()))
        self._spent_s = 0.0  # however short the run is
        return score(self, by_task)

    monkeypatch.setattr(LiveScores, "of", watched)
    records, shown = run.run(), run.quiet
    items = run.items
    assert {name: len(seconds) for name, seconds in shown.seconds.items()} == {"adder": 9, "small": 9}
    assert all(seconds is not None and seconds >= 0 for of_system in shown.seconds.values() for seconds in of_system)
    for name, of_system in shown.scores.items():
        scored = [each for each in of_system if each is not None]
        assert len(scored) == 3
        assert sum(count for _, count in scored) == 9
        assert sum(right for right, _ in scored) == items[items["system"] == name]["correct"].sum()
    assert open_at_scoring == [0] * 6, "no window is open while answers are scored"
    windows = [row for row in measured(records).values() if row.system == "adder"]
    assert shown.watts["adder"] == [(row.power_w, "rapl") for row in windows]
