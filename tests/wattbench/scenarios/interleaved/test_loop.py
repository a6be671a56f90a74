"""Rounds as they are asked, recorded and resumed: real tasks, real scores, systems that answer at once."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
from lm_eval.api.instance import Instance

from tests.made_up.digests import journaled_anew
from wattbench.errors import UserError
from wattbench.measure.measuring_context import MeasuringContext, WindowNames
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.meters import Metering
from wattbench.records import BASELINE, CANDIDATE, Purpose, RunWriter, read_run
from wattbench.scenarios.closed_loop import run_cells
from wattbench.scenarios.interleaved import loop
from wattbench.scenarios.interleaved.gate import Gate, choose_sides
from wattbench.scenarios.interleaved.loop import is_look, rounds_of
from wattbench.scenarios.interleaved.planted_faults import Plant
from wattbench.scenarios.interleaved.schedule import PlannedRound
from wattbench.systems import Reply
from wattbench.systems.python import PythonEngine

DATA = Path(__file__).parents[3] / "data"
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


@pytest.mark.slow
def test_both_are_asked_the_same_in_turns_and_scored_as_a_run_scores_them(
    gated, steady, quiet, suite, tmp_path: Path
) -> None:
    gate = gated()
    records = gate.run(steady, quiet)
    assert records.finished
    windows = {row.window: row for row in records.windows()}
    rounds = records.rounds()
    assert [len(row.items) for row in rounds] == [1] * 24 + [4] * 4
    for row, planned in zip(rounds, rounds_of(gate.resolved, gate.gate, gate.cells), strict=True):
        assert (row.pair, tuple(row.items), row.first) == (planned.pair, planned.items, planned.first)
        assert (row.long, row.load) == (planned.long, 0)
        first, second = planned.order
        assert windows[row.windows[first]].finished_s <= windows[row.windows[second]].started_s
        for side, name in ((BASELINE, "adder"), (CANDIDATE, "small")):
            inside = [each for each in records.answers(name, "sums") if each.window == row.windows[side]]
            assert [("sums", each.doc_id) for each in inside] == row.items
            assert windows[row.windows[side]].idle_w
            assert windows[row.windows[side]].duration_s >= 0.01 or not row.long
            assert windows[row.windows[side]].passes == 1 or row.long  # a short one is not filled

    items = gate.items
    assert Counter(items["system"]) == {"adder": 40, "small": 40}
    long = {window for row in rounds if row.long for window in row.windows.values()}
    for window, own in items[items["window"].isin(long)].groupby("window"):
        assert own["energy_j"].sum() * windows[window].passes == pytest.approx(windows[window].total_j)
    assert {(row.system, row.task) for row in records.phases()} == {("adder", None), ("small", None)}

    # The same prompts, answers, scores and hashes as those of an ordinary run.
    resolved = suite()
    cells = plan(resolved)
    with new_run(tmp_path / "ordinary", resolved, cells, {}, []) as writer, Metering([steady]) as metering:
        run_cells(MeasuringContext(resolved, writer, metering, WindowNames("r", 0), quiet), cells)
        ordinary = pd.read_parquet(writer.layout.items_table)
    same = ["system", "task", "doc_id", "doc_hash", "prompt_hash", "correct", "output", "filtered", "target", "metrics"]
    key = ["system", "doc_id"]
    pd.testing.assert_frame_equal(
        items[same].sort_values(key, ignore_index=True), ordinary[same].sort_values(key, ignore_index=True)
    )


def test_it_ends_when_somebody_knows_and_what_was_not_asked_is_not_there(gated, steady, quiet) -> None:
    gate = gated()
    looks = itertools.count(1)
    seen: list[int] = []

    def decide() -> bool:
        seen.append(len(gate.records.rounds()))
        return next(looks) == 2

    records = gate.run(steady, quiet, decide)
    assert seen == [2, 4]  # after each pair
    assert records.finished
    assert Counter(gate.items["system"]) == {"adder": 4, "small": 4}
    assert {cell["items"] for cell in records.header.cells} == {40}  # what could be asked


def test_looks_become_rarer_where_rounds_are_many_and_short() -> None:
    def looks(pairs: int, *, long: bool) -> list[int]:
        return [pair for pair in range(pairs) if is_look(PlannedRound(pair, (("sums", pair),), BASELINE, long))]

    assert looks(60, long=False) == [*range(50), 51, 53, 55, 57, 59]
    assert looks(60, long=True) == list(range(60))
    gaps = [(later - earlier) / (later + 1) for earlier, later in itertools.pairwise(looks(2000, long=False)[50:])]
    assert max(gaps) <= 0.05
    assert len(looks(2000, long=False)) < 200


@pytest.mark.slow
def test_a_system_against_itself_is_two_in_the_record(gated, steady, quiet) -> None:
    gate = gated(candidate="adder")
    records = gate.run(steady, quiet)
    assert set(records.systems()) == {"adder", "adder.candidate"}
    assert records.header.gate["candidate"] == {"name": "adder.candidate", "system": "adder"}
    assert (gate.items["correct"] == 1.0).all()
    assert all(row.peak_memory_bytes is None for row in records.systems().values())


@pytest.mark.parametrize("most", [8, 31])
def test_a_cap_of_items_holds_exactly(gated, steady, quiet, most: int) -> None:
    gate = gated(max_items=most)
    gate.run(steady, quiet)
    assert Counter(gate.items["system"]) == {"adder": most, "small": most}


def test_a_cap_of_joules_ends_it_after_a_pair(gated, steady, quiet) -> None:
    records = gated(max_joules=1e-6).run(steady, quiet)  # less than any window has
    assert len(records.rounds()) == 2
    assert records.finished


def test_warming_up_is_short_where_a_system_was_asked_before(gated, steady, quiet, asked: list[int]) -> None:
    gate = gated(max_items=4, candidate="adder", long_rounds=False)
    gate.run(steady, quiet)
    one, two, three, four = (row.items[0][1] for row in gate.records.rounds())
    pair = [[four, one, four, one], [two, one, two]]  # both are loaded; who was asked last is asked on
    assert asked[:7] == [each for part in pair for each in part]
    same = gate.records.rounds()[2].first == gate.records.rounds()[0].first  # who was first is asked last in a pair
    assert asked[7:9] == ([three, two] if same else [two, three])


def test_without_joules_no_round_is_made_long(gated, steady, quiet) -> None:
    gate = gated(long_rounds=False, metrics={"accuracy": {"margin": 0.1}}, max_items=28)
    records = gate.run(steady, quiet)
    assert [len(row.items) for row in records.rounds()] == [1] * 24 + [2] * 2
    assert not any(row.long for row in records.rounds())
    assert all(row.passes == 1 for row in records.windows())


@pytest.mark.slow
def test_repeats_of_a_round_share_its_windows(gated, steady, quiet) -> None:
    gate = gated(("warmup: 2", "repeats: 3, warmup: 0"), max_items=32)
    records = gate.run(steady, quiet)
    assert Counter(gate.items["repeat"]) == {0: 64, 1: 64, 2: 64}
    assert len([row for row in records.windows() if row.purpose == Purpose.MEASURED]) == 2 * 26
    assert [len(row.scores[BASELINE]["sums"]) for row in records.rounds()] == [3] * 24 + [12] * 2


def test_in_batches_a_round_is_whole_ones(gated, steady, quiet) -> None:
    gate = gated(("idle_s", "scenario: throughput, batch: 6, idle_s"), max_items=24)
    gate.run(steady, quiet)
    assert (gate.items["batch_size"] == 6).all()
    assert {len(row.items) for row in gate.records.rounds()} == {6}


def test_both_are_loaded_again_between_pairs(gated, steady, quiet) -> None:
    gate = gated(max_items=16, candidate="adder", reloads=3)
    records = gate.run(steady, quiet)
    assert [row.load for row in records.rounds()] == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    purposes = Counter(row.purpose for row in records.windows())
    assert (purposes[Purpose.LOAD], purposes[Purpose.IDLE]) == (8, 1)


def test_it_is_left_to_the_gate_whether_loading_is_cheap(gated, steady, quiet, monkeypatch) -> None:
    gate = gated(max_items=16, candidate="adder", reloads="auto")
    records = gate.run(steady, quiet)
    assert max(row.load for row in records.rounds()) == 3  # a function takes no time to load
    assert sum("both systems are loaded again: loading both took" in note for note in quiet.notes) == 3


def test_what_takes_long_to_load_is_loaded_once(gated, steady, quiet, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHEAP_S", 0.0)
    monkeypatch.setattr(loop, "CHEAP_SHARE", 0.0)
    records = gated(max_items=16, candidate="adder", reloads="auto").run(steady, quiet)
    assert max(row.load for row in records.rounds()) == 0
    assert any("both systems stay loaded" in note for note in quiet.notes)


@pytest.fixture
def break_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """Let the n-th call of any python system fail; those after it go well."""

    def install(number: int, error: BaseException) -> None:
        calls = itertools.count(1)
        answer = PythonEngine.answer

        def fail(self: PythonEngine, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
            if next(calls) == number:
                raise error
            return answer(self, request_type, requests)

        monkeypatch.setattr(PythonEngine, "answer", fail)

    return install


@pytest.mark.slow
@pytest.mark.parametrize("error", [UserError("no idea"), KeyboardInterrupt()])
def test_what_was_cut_off_is_gone_on_with_and_the_torn_round_left_out(
    gated, steady, make_steady, quiet, break_at, error: BaseException
) -> None:
    gate = gated(("warmup: 2", "warmup: 0"))
    # A short round is two calls, and a pair four: break after the first system in the second round of the second pair.
    done = itertools.count(1)

    def decide() -> bool:
        if next(done) == 1:
            break_at(4, error)
        return False

    with pytest.raises(type(error)):
        gate.run(steady, quiet, decide)
    before = gate.records
    assert not before.finished
    assert [row.pair for row in before.rounds()] == [0, 0, 1]
    lines = before.layout.rounds.read_bytes()
    complete = {item for row in before.rounds() for item in row.items}
    torn = {("sums", row.doc_id) for name in ("adder", "small") for row in before.answers(name, "sums")} - complete
    assert len(torn) == 1

    records = gate.run(make_steady(), quiet)
    assert records.finished
    assert records.layout.rounds.read_bytes().startswith(lines)
    rounds = records.rounds()
    assert [row.number for row in rounds] == list(range(len(rounds)))
    assert [row.pair for row in rounds[:7]] == [0, 0, 1, 2, 2, 3, 3]  # no other round joins the one that is alone
    assert {row.load for row in rounds[:3]} == {0}
    assert {row.load for row in rounds[3:]} == {1}
    counted = Counter(item for row in rounds for item in row.items)
    assert set(counted.values()) == {1}
    assert len(counted) == 39
    assert not torn & set(counted)
    assert Counter(gate.items["system"]) == {"adder": 39, "small": 39}
    assert not {doc_id for _, doc_id in torn} & set(gate.items["doc_id"])
    windows = pd.read_parquet(records.layout.windows_table)
    assert set(windows[windows["purpose"] == "measured"]["window"]) == set(gate.items["window"])
    assert (windows["purpose"] == "abandoned").sum() >= 1
    assert not records.open_windows()


def test_a_gate_that_was_killed_when_it_knew_asks_nothing_more(gated, steady, make_steady, quiet, asked) -> None:
    gate = gated()
    gate.run(steady, quiet, lambda: True)
    gate.records.layout.finished.unlink()
    before = len(asked)
    assert gate.run(make_steady(), quiet, lambda: True).finished
    assert len(asked) == before


def test_a_planted_regression_is_in_the_record_and_in_the_answers(gated, steady, quiet) -> None:
    gate = gated(candidate="adder", plant=Plant(drop=0.5))
    records = gate.run(steady, quiet)
    assert records.header.gate["planted"] == {"drop": 0.5}
    items = gate.items
    dropped = items[items["output"] == ""]
    assert set(dropped["system"]) == {"adder.candidate"}
    assert 8 <= len(dropped) <= 32
    assert (dropped["correct"] == 0.0).all()
    assert (items[items["output"] != ""]["correct"] == 1.0).all()


@pytest.mark.slow
def test_peak_memory_is_each_systems_own_where_the_policy_asks_for_it(gated, steady, quiet) -> None:
    gate = gated(max_items=4, metrics={"peak_memory": {"margin": 0.1}})
    systems = gate.run(steady, quiet).systems()
    peaks = [row.peak_memory_bytes for row in systems.values()]
    assert all(peak is not None and peak > 10_000_000 for peak in peaks)  # a Python process
    assert max(peaks) < 1.2 * min(peaks)  # two that do the same


@pytest.mark.parametrize(
    ("changes", "baseline", "candidate", "expected"),
    [
        ((), "ader", "small", "--baseline: no system 'ader' in this suite; did you mean 'adder'"),
        ((), "adder", "smal", "--candidate: no system 'smal'"),
        (
            (("idle_s", "scenario: load, load: {rates_per_s: [1], deadline_s: 1, min_duration_s: 2}, idle_s"),),
            "adder", "small", "Use single-stream or throughput for a gate",
        ),
    ],
)  # fmt: skip
def test_sides_that_cannot_be_asked_in_turns(suite, changes, baseline: str, candidate: str, expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        choose_sides(suite(*changes), baseline, candidate)


def test_a_run_that_is_no_gates_is_not_gone_on_with(writer: RunWriter) -> None:
    with pytest.raises(UserError, match="not the run of a gate"):
        Gate.of_records(read_run(writer.layout.root))


@pytest.mark.slow
def test_a_round_mixes_tasks_and_each_is_scored_by_its_own(two_tasks, gated, steady, quiet) -> None:
    gate = gated(*two_tasks, max_items=56, block=16)
    records = gate.run(steady, quiet)
    items = gate.items
    asked = Counter(items["task"])
    assert asked.total() == 112
    assert min(asked.values()) > 20
    adder = items[items["system"] == "adder"]
    assert dict(adder.groupby("task")["correct"].mean()) == {"sums": 1.0, "more": 0.0}
    long = [row for row in records.rounds() if row.long]
    assert any({task for task, _ in row.items} == {"sums", "more"} for row in long)
    windows = {row.window: row for row in records.windows()}
    for row in long:
        for side, name in ((BASELINE, "adder"), (CANDIDATE, "small")):
            of_window = items[items["window"] == row.windows[side]]
            assert {*zip(of_window["task"], of_window["doc_id"], strict=True)} == {*row.items}
            assert of_window["system"].unique() == [name]
            window = windows[row.windows[side]]
            assert of_window["energy_j"].sum() * window.passes == pytest.approx(window.total_j)


def test_a_trade_between_tasks_is_planted_in_both_systems(two_tasks, gated, steady, quiet) -> None:
    plant = Plant(drop_in={"sums": 0.5}, gain_in={"more": 0.5})
    gate = gated(*two_tasks, candidate="adder", plant=plant, max_items=56, block=16)
    records = gate.run(steady, quiet)
    assert records.header.gate["planted"] == {"drop@sums": 0.5, "gain@more": 0.5}
    assert Gate.of_records(records).plant == plant
    items = gate.items
    lost = Counter(zip(items["system"], items["task"], items["output"] == "", strict=True))
    assert {key[:2] for key in lost if key[2]} == {("adder.candidate", "sums"), ("adder", "more")}
    for system, task in (("adder.candidate", "sums"), ("adder", "more")):
        assert 0.2 < lost[system, task, True] / (lost[system, task, True] + lost[system, task, False]) < 0.8


def test_prompts_that_changed_since_the_interruption_are_named(gated, steady, make_steady, quiet, break_at) -> None:
    gate = gated(("warmup: 2", "warmup: 0"))
    break_at(9, UserError("no idea"))
    with pytest.raises(UserError, match="no idea"):
        gate.run(steady, quiet)
    path = gate.records.layout.answers("small", "sums")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[0] |= {"prompt": "One and one is two.\n" + lines[0]["prompt"], "prompt_hash": "of another"}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    journaled_anew(gate.root)
    said = f"the prompt of document {lines[0]['doc_id']} of sums for small was 'One and one is two"
    with pytest.raises(UserError, match=f"cannot be resumed: {said}"):
        gate.run(make_steady(), quiet)
