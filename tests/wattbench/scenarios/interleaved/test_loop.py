"""Rounds as they are asked, recorded and gone on with: real tasks, real scores, systems that answer at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lm_eval.api.instance import Instance

from wattbench.config import GatePolicy, Resolved, load_suite
from wattbench.errors import UserError
from wattbench.measure.measuring_context import MeasuringContext
from wattbench.measure.plan import plan
from wattbench.measure.resume import new_run
from wattbench.measure.window_names import WindowNames
from wattbench.meters import Metering
from wattbench.records import BASELINE, CANDIDATE, Purpose, RunRecords, RunWriter, read_run
from wattbench.scenarios.closed_loop import run_cells
from wattbench.scenarios.interleaved.gate import Gate, choose_sides
from wattbench.scenarios.interleaved.loop import GateSession, rounds_of, run_gate
from wattbench.scenarios.interleaved.planted_faults import Plant
from wattbench.systems import Reply
from wattbench.systems.python import PythonEngine

DATA = Path(__file__).parents[3] / "data"
NEVER: Callable[[], bool] = lambda: False  # noqa: E731


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., Resolved]:
    """The test suite with windows as short as can be, some text replaced."""

    def make(*changes: tuple[str, str]) -> Resolved:
        text = (DATA / "suite.yaml").read_text()
        for old, new in (
            ("{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}", "{idle_s: 0.01, warmup: 2, min_window_s: 0.01}"),
            *changes,
            ("[tasks]", f"[{DATA / 'tasks'}]"),
            ("./answers.py", str(DATA / "answers.py")),
        ):
            text = text.replace(old, new)
        (tmp_path / "suite.yaml").write_text(text)
        return load_suite(str(tmp_path / "suite.yaml"))

    return make


class Gated:
    """A gate that can be run, and gone on with."""

    def __init__(self, root: Path, resolved: Resolved, candidate: str, policy: GatePolicy, plant: Plant | None) -> None:
        self.resolved, sides = choose_sides(resolved, "adder", candidate)
        self.gate = Gate(sides, policy, "the test", 7, plant)
        self.cells = plan(self.resolved)
        with new_run(root, self.resolved, self.cells, {"cpu": "rapl"}, [], gate=self.gate.as_record()) as writer:
            self.root = writer.layout.root

    @property
    def records(self) -> RunRecords:
        return read_run(self.root)

    @property
    def items(self) -> pd.DataFrame:
        return pd.read_parquet(self.records.layout.items_table)

    def run(self, meter: Any, quiet: Any, decide: Callable[[], bool] = NEVER) -> RunRecords:
        with RunWriter(self.root) as writer, Metering([meter]) as metering:
            names = WindowNames("r", len(self.records.windows()) + len(self.records.open_windows()))
            gate = Gate.of_records(self.records)
            context = MeasuringContext(self.resolved, writer, metering, names, quiet)
            run_gate(GateSession(context, gate, self.cells), decide)
        return self.records


@pytest.fixture
def gated(tmp_path: Path, suite: Callable[..., Resolved]) -> Callable[..., Gated]:
    def make(*changes: tuple[str, str], candidate: str = "small", plant: Plant | None = None, **policy: Any) -> Gated:
        return Gated(tmp_path / "runs", suite(*changes), candidate, GatePolicy(**{"block": 4, **policy}), plant)

    return make


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The documents that any python system was asked, in order."""
    seen: list[int] = []
    answer = PythonEngine.answer

    def watch(self: PythonEngine, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        seen.extend(int(request.doc_id) for request in requests)
        return answer(self, request_type, requests)

    monkeypatch.setattr(PythonEngine, "answer", watch)
    return seen


def test_both_are_asked_the_same_in_turns_and_scored_as_a_run_scores_them(
    gated, steady, quiet, suite, tmp_path: Path
) -> None:
    gate = gated()
    records = gate.run(steady, quiet)
    assert records.finished
    windows = {row.window: row for row in records.windows()}
    for row, planned in zip(records.rounds(), rounds_of(gate.resolved, gate.gate, gate.cells), strict=True):
        assert (row.task, tuple(row.doc_ids), row.first) == (planned.task, planned.doc_ids, planned.first)
        first, second = planned.order
        assert windows[row.windows[first]].finished_s <= windows[row.windows[second]].started_s
        for side, name in ((BASELINE, "adder"), (CANDIDATE, "small")):
            inside = [each for each in records.answers(name, "sums") if each.window == row.windows[side]]
            assert [each.doc_id for each in inside] == row.doc_ids
            assert windows[row.windows[side]].idle_w

    items = gate.items
    assert Counter(items["system"]) == {"adder": 40, "small": 40}
    for window, own in items.groupby("window"):
        assert own["energy_j"].sum() * windows[window].passes == pytest.approx(windows[window].total_j)
    assert not (items["energy_j"].isna()).any()
    assert {(row.system, row.task) for row in records.phases()} == {("adder", "sums"), ("small", "sums")}

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
    assert seen == [1, 2]
    assert records.finished
    assert Counter(gate.items["system"]) == {"adder": 8, "small": 8}
    assert {cell["items"] for cell in records.header.cells} == {40}  # what could be asked


def test_a_system_against_itself_is_two_in_the_record(gated, steady, quiet) -> None:
    gate = gated(candidate="adder")
    records = gate.run(steady, quiet)
    assert list(records.systems()) == ["adder", "adder.candidate"]
    assert records.header.gate["candidate"] == {"name": "adder.candidate", "system": "adder"}
    assert (gate.items["correct"] == 1.0).all()
    assert all(row.peak_memory_bytes is None for row in records.systems().values())


@pytest.mark.parametrize("most", [8, 13])
def test_a_cap_of_items_holds_exactly(gated, steady, quiet, most: int) -> None:
    gate = gated(max_items=most)
    gate.run(steady, quiet)
    assert Counter(gate.items["system"]) == {"adder": most, "small": most}


def test_a_cap_of_joules_ends_it_after_a_round(gated, steady, quiet) -> None:
    records = gated(max_joules=0.5).run(steady, quiet)  # each of two windows of 10 ms and more has a joule
    assert len(records.rounds()) == 1
    assert records.finished


def test_warming_up_is_short_where_a_system_was_asked_before(gated, steady, quiet, asked: list[int]) -> None:
    gate = gated(max_items=8, candidate="adder")
    gate.run(steady, quiet)
    first, second = (row.doc_ids for row in gate.records.rounds())
    once = Counter(dict.fromkeys((*first, *second), 2))
    assert Counter(asked) >= once + Counter({first[-1]: 2, first[-2]: 2, second[-1]: 2})
    assert asked[:6] == [*first[-2:], *first]  # two to warm up


def test_repeats_of_a_round_share_its_windows(gated, steady, quiet) -> None:
    gate = gated(("warmup: 2", "repeats: 3, warmup: 0"), max_items=8)
    records = gate.run(steady, quiet)
    assert Counter(gate.items["repeat"]) == {0: 16, 1: 16, 2: 16}
    assert len([row for row in records.windows() if row.purpose == Purpose.MEASURED]) == 4
    assert [len(row.scores[BASELINE]) for row in records.rounds()] == [12, 12]


def test_in_batches_a_round_is_whole_ones(gated, steady, quiet) -> None:
    gate = gated(("idle_s", "scenario: throughput, batch: 6, idle_s"), max_items=24)
    gate.run(steady, quiet)
    assert (gate.items["batch_size"] == 6).all()
    assert {len(row.doc_ids) for row in gate.records.rounds()} == {6}


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


@pytest.mark.parametrize("error", [UserError("no idea"), KeyboardInterrupt()])
def test_what_was_cut_off_is_gone_on_with_and_the_torn_round_left_out(
    gated, steady, make_steady, quiet, break_at, error: BaseException
) -> None:
    gate = gated(("warmup: 2", "warmup: 0"))
    # A round of four items is eight calls and those that fill windows: break in the middle of the second.
    done = itertools.count(1)

    def decide() -> bool:
        if next(done) == 1:
            break_at(7, error)
        return False

    with pytest.raises(type(error)):
        gate.run(steady, quiet, decide)
    before = gate.records
    assert not before.finished
    assert len(before.rounds()) == 1
    lines = before.layout.rounds.read_bytes()
    torn = {row.doc_id for name in ("adder", "small") for row in before.answers(name, "sums")} - {
        *before.rounds()[0].doc_ids
    }
    assert torn

    records = gate.run(make_steady(), quiet)
    assert records.finished
    assert records.layout.rounds.read_bytes().startswith(lines)
    rounds = records.rounds()
    assert [row.number for row in rounds] == list(range(len(rounds)))
    assert len(rounds) == 9  # of ten
    counted = [doc_id for row in rounds for doc_id in row.doc_ids]
    assert len(counted) == len(set(counted)) == 36
    assert not torn & set(counted)
    assert Counter(gate.items["system"]) == {"adder": 36, "small": 36}
    assert not set(gate.items["doc_id"]) & torn
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


@pytest.mark.waits
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


def test_several_tasks_are_each_scored_by_their_own(tmp_path: Path, gated, steady, quiet) -> None:
    (tmp_path / "more").mkdir()
    text = (DATA / "tasks" / "sums.yaml").read_text().replace("task: sums", "task: more")
    (tmp_path / "more" / "more.yaml").write_text(text.replace("a + b", "a + b + 1"))
    (tmp_path / "more" / "sums.py").write_text((DATA / "tasks" / "sums.py").read_text())
    gate = gated(
        ("include: [tasks]", f"include: [{DATA / 'tasks'}, {tmp_path / 'more'}]"),
        ("domain: arithmetic}\nsystems", "domain: arithmetic}\n    - {task: more, domain: other}\nsystems"),
        max_items=24,
    )
    records = gate.run(steady, quiet)
    items = gate.items
    assert Counter(items["task"]) == {"sums": 24, "more": 24}
    adder = items[items["system"] == "adder"]
    assert dict(adder.groupby("task")["correct"].mean()) == {"sums": 1.0, "more": 0.0}
    assert {row.task for row in records.rounds()[:2]} == {"sums", "more"}
