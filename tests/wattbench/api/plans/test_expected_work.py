"""Time and joules are expected from earlier runs of the same work, and never made up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up.answered_runs import SYSTEM, write_answered
from wattbench.api.plans import earlier_runs
from wattbench.api.plans.earlier_runs import Earlier, EarlierRequests, find_earlier
from wattbench.api.plans.expected_work import Expectation, ExpectedWork, expected_passage, expected_work
from wattbench.config import Load, Measure, PythonSystem, Resolved, Suite
from wattbench.errors import UserError
from wattbench.measure.effort import AGAIN, AROUND_S, NORMAL_S, NORMAL_SHARE, QUICK_S, effort_of
from wattbench.measure.number_of_blocks import choose_number
from wattbench.measure.preview import CellPreview
from wattbench.tasks.loading import LoadedTask, load_task
from wattbench_reports.presenter.text import passage_lines

TASKS = Path(__file__).parents[3] / "data" / "tasks"
ITEMS = 20
SENSOR = MappingProxyType({"cpu": "rapl"})
MODEL = MappingProxyType({"cpu": "modelled"})


def suite(*names: str, call: str = "m:f", **measure: Any) -> Resolved:
    given = {
        "name": "answered",
        "tasks": {"include": [TASKS], "select": [{"task": "sums", "domain": "any"}]},
        "systems": {"define": {name: {**SYSTEM, "call": call} for name in names}},
        "measure": {"blocks": 1, "idle_s": 4.0, **measure},
    }
    systems = {name: PythonSystem.model_validate({**SYSTEM, "call": call}) for name in names}
    return Resolved(Suite.model_validate(given), systems, Path("suite.yaml"))


def cells(resolved: Resolved, items: int | None = 40) -> list[CellPreview]:
    [choice] = resolved.tasks
    return [CellPreview(name, config, choice, items) for name, config in resolved.systems.items()]


def expected(
    resolved: Resolved, read: Earlier, items: int | None = 40, *, metered: Mapping[str, str] = SENSOR, busy: float = 0.0
) -> ExpectedWork:
    effort = effort_of(resolved.suite.measure, metered)
    return expected_work(resolved, cells(resolved, items), read, effort, busy)


@pytest.fixture
def sums() -> list[LoadedTask]:
    resolved = suite("adder")
    return [load_task(resolved, choice) for choice in resolved.tasks]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    write_answered(folder, TASKS, {"adder": {"sums": [str(number) for number in range(ITEMS)]}})
    return folder


def drawn(*runs: tuple[float, float, int], joules: bool = True) -> list[EarlierRequests]:
    draw = np.random.default_rng(5)
    made = []
    for mean, spread, number in runs:
        seconds = draw.normal(mean, spread, number)
        made.append(EarlierRequests(seconds, 10 * seconds[: number if joules else 0], frozenset({"counter"})))
    return made


def earlier(**of_system: list[EarlierRequests]) -> Earlier:
    return Earlier({(name, "sums"): of for name, of in of_system.items()}, {"a": [2.0, 4.0]}, [Path("runs/x")])


def test_what_requests_took_is_read_from_the_runs_of_a_folder(runs: Path, sums: list[LoadedTask]) -> None:
    read = find_earlier(suite("adder"), sums, runs, any_machine=True)
    [requests] = read.cells["adder", "sums"]
    assert requests.seconds.tolist() == pytest.approx([1.0] * ITEMS)
    assert requests.joules.tolist() == pytest.approx([1.0] * ITEMS)
    assert [run.parent for run in read.runs] == [runs]
    assert find_earlier(suite("adder"), sums, read.runs[0], any_machine=True).cells.keys() == read.cells.keys()
    with pytest.raises(UserError, match="nowhere"):
        find_earlier(suite("adder"), sums, runs / "nowhere")


def test_runs_of_another_machine_count_only_where_they_are_named(
    runs: Path, sums: list[LoadedTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not find_earlier(suite("adder"), sums, runs).runs
    assert find_earlier(suite("adder"), sums, runs, any_machine=True).other_machine
    monkeypatch.setattr(earlier_runs, "_of_machine", lambda _: ("the same",))
    here = find_earlier(suite("adder"), sums, runs)
    assert here.runs
    assert not here.other_machine


@pytest.mark.parametrize(
    "resolved",
    [
        suite("other"),
        suite("adder", call="m:another"),
        suite("adder", scenario="throughput", batch=4),
    ],
    ids=["name", "settings", "batch"],
)
def test_other_work_is_not_counted(runs: Path, sums: list[LoadedTask], resolved: Resolved) -> None:
    assert not find_earlier(resolved, sums, runs, any_machine=True).runs


def test_a_task_that_is_asked_otherwise_now_is_not_counted(runs: Path, sums: list[LoadedTask]) -> None:
    changed = [replace(task, asking_sha256="0" * 64) for task in sums]
    assert not find_earlier(suite("adder"), changed, runs, any_machine=True).runs


@pytest.mark.parametrize("damage", ["run.json", "items.parquet", "finished.json"])
def test_runs_that_are_damaged_or_not_finished_are_left_out(runs: Path, sums: list[LoadedTask], damage: str) -> None:
    [run] = runs.iterdir()
    (run / damage).unlink() if damage == "finished.json" else (run / damage).write_bytes(b"\x00")
    assert not find_earlier(suite("adder"), sums, runs, any_machine=True).runs


def test_a_price_changes_nothing_that_is_expected(runs: Path, sums: list[LoadedTask]) -> None:
    [run] = runs.iterdir()
    header = json.loads((run / "run.json").read_text())
    header["suite"]["systems"]["adder"] |= {"price": {"per_request": 1}, "description": "another"}
    (run / "run.json").write_text(json.dumps(header))
    assert find_earlier(suite("adder"), sums, runs, any_machine=True).runs


def test_time_and_joules_follow_from_what_requests_took() -> None:
    resolved = suite("a", min_window_s=1)
    work = expected(resolved, earlier(a=drawn((0.5, 0.1, 100), (0.5, 0.1, 100))), 400)
    [of_a] = work.systems
    assert of_a.requests == 400
    assert of_a.loading_s == 3.0
    assert of_a.asking_s is not None and work.time_s is not None and work.joules is not None
    assert of_a.asking_s.estimate == pytest.approx(200, rel=0.05)
    assert work.time_s.estimate == pytest.approx(of_a.asking_s.estimate + 3.0 + 4.0)
    assert work.joules.estimate == pytest.approx(10 * of_a.asking_s.estimate)
    assert work.joules.low < work.joules.estimate < work.joules.high


def test_windows_last_as_long_as_they_must() -> None:
    resolved = suite("a", min_window_s=30)
    work = expected(resolved, earlier(a=drawn((0.01, 0.001, 50))))
    assert work.systems[0].asking_s == Expectation(30.0, 30.0, 30.0)
    in_blocks = suite("a", min_window_s=30, blocks=5)
    work = expected(in_blocks, earlier(a=drawn((0.01, 0.001, 50))))
    assert work.systems[0].asking_s == Expectation(150.0, 150.0, 150.0)


def test_a_system_that_is_loaded_in_every_block_takes_that_time_each_time() -> None:
    resolved = suite("a", blocks=5, resident="one")
    assert expected(resolved, earlier(a=drawn((1, 0.1, 50)))).systems[0].loading_s == 15.0


def test_runs_that_differ_widen_the_range() -> None:
    resolved = suite("a", min_window_s=1)

    def width(*runs: tuple[float, float, int]) -> float:
        joules = expected(resolved, earlier(a=drawn(*runs))).joules
        assert joules is not None
        return joules.high - joules.low

    assert width((0.4, 0.05, 50), (0.6, 0.05, 50)) > 3 * width((0.5, 0.05, 50), (0.5, 0.05, 50))


def test_the_range_holds_the_sum_of_another_run_as_often_as_it_says() -> None:
    draw, resolved, held = np.random.default_rng(3), suite("a", min_window_s=0.01), 0
    for _ in range(400):
        seconds = draw.lognormal(0, 0.5, 80)
        read = earlier(a=[EarlierRequests(seconds, seconds, frozenset({"counter"}))])
        joules = expected(resolved, read, 60).joules
        assert joules is not None
        held += joules.low <= draw.lognormal(0, 0.5, 60).sum() <= joules.high
    assert 0.92 <= held / 400 <= 0.98


def test_what_is_not_known_is_not_made_up() -> None:
    resolved = suite("a", "b")
    for read in (earlier(a=drawn((1, 0.1, 50))), earlier(a=drawn((1, 0.1, 50)), b=drawn((1, 0.1, 4)))):
        work = expected(resolved, read)
        assert [each.asking_s is None for each in work.systems] == [False, True]
        assert work.time_s is work.joules is None
    none = expected(resolved, earlier(a=drawn((1, 0.1, 50))), None)
    assert [each.asking_s for each in none.systems] == [None, None]
    without = expected(resolved, earlier(a=drawn((1, 0.1, 50), joules=False)))
    assert without.systems[0].asking_s is not None
    assert without.systems[0].joules is None


def test_arrivals_at_rates_take_as_long_as_the_rates_say() -> None:
    load = Load.model_validate(
        {"rates_per_s": [2, 4], "min_duration_s": 60, "deadline_s": 1, "in_time": 0.9, "min_queries": 100}
    )
    resolved = suite("a", "b")
    measure = Measure.model_validate({"scenario": "load", "load": load.model_dump(), "idle_s": 4})
    there = replace(resolved, suite=resolved.suite.model_copy(update={"measure": measure}))
    work = expected(there, Earlier())
    seconds = load.queries(2, 40) / 2 + load.queries(4, 40) / 4
    assert work.time_s == Expectation(2 * seconds + 4, 2 * seconds + 4, 2 * seconds + 4 + AROUND_S)
    assert work.joules is None


METERED = st.sampled_from([SENSOR, {"gpu0": "counter", "cpu": "modelled"}, MODEL, dict[str, str]()])
EARLIER = st.lists(
    st.tuples(st.floats(1e-5, 20.0), st.floats(0.0, 5.0), st.integers(5, 60)), min_size=1, max_size=3
).map(lambda runs: earlier(a=drawn(*runs), b=drawn(*runs)))
MEASURES = st.fixed_dictionaries(
    {"effort": st.sampled_from(["quick", "normal", "thorough"])},
    optional={
        "blocks": st.sampled_from([1, 2, 12, "auto"]),
        "min_window_s": st.floats(0.0, 20.0),
        "idle_s": st.floats(0.0, 60.0),
        "resident": st.sampled_from(["all", "one"]),
        "repeats": st.integers(1, 3),
    },
)


@given(EARLIER, st.integers(1, 500), MEASURES, METERED, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_range_of_the_whole_holds_the_estimate_and_other_work_never_makes_it_shorter(
    read: Earlier, items: int, measure: dict[str, Any], metered: Mapping[str, str], busy: float, more: float
) -> None:
    quiet = expected(suite("a", "b", **measure), read, items, metered=metered).time_s
    busy_s = expected(suite("a", "b", **measure), read, items, metered=metered, busy=busy).time_s
    busier_s = expected(suite("a", "b", **measure), read, items, metered=metered, busy=busy + more).time_s
    assert quiet is not None and busy_s is not None and busier_s is not None
    assert 0.0 <= quiet.low <= quiet.estimate <= quiet.high <= busy_s.high <= busier_s.high
    assert (quiet.low, quiet.estimate) == (busier_s.low, busier_s.estimate)


@given(EARLIER, st.integers(1, 500), st.sampled_from(["quick", "normal"]), METERED)
def test_the_upper_end_is_within_the_promise_where_the_fewest_blocks_are(
    read: Earlier, items: int, effort: str, metered: Mapping[str, str]
) -> None:
    work = expected(suite("a", "b", effort=effort, blocks="auto", idle_s="auto"), read, items, metered=metered)
    assert work.time_s is not None
    answering_s = sum(each.asking_s.high for each in work.systems if each.asking_s is not None)
    loading_s = sum(each.loading_s or 0.0 for each in work.systems)
    again = 1.0 + (AGAIN if metered == SENSOR and effort == "normal" else 0.0)
    promised_s = {"quick": answering_s + QUICK_S + AROUND_S, "normal": NORMAL_SHARE * answering_s + NORMAL_S}[effort]
    idle_s = 5.0
    assert work.time_s.high <= max(promised_s, again * answering_s + AROUND_S) + loading_s + idle_s + 1e-6


@given(
    st.floats(1e-5, 5.0), st.integers(10, 300), st.floats(0.0, 1.0), st.sampled_from(["quick", "normal", "thorough"]),
    METERED,
)  # fmt: skip
def test_the_upper_end_holds_the_blocks_that_a_run_chooses(
    item_s: float, items: int, switch_share: float, name: str, metered: Mapping[str, str]
) -> None:
    resolved = suite("a", effort=name, blocks="auto")
    work = expected(resolved, earlier(a=drawn((item_s, 0.0, 50))), items, metered=metered)
    effort = effort_of(resolved.suite.measure, metered)
    switch_s = switch_share * QUICK_S / effort.most_blocks
    chosen = choose_number(items, resolved.suite.measure, effort, item_s={"a": item_s}, switch_s={"a": switch_s})
    asking_s = max(items * item_s, chosen.blocks * effort.min_window_s) + chosen.blocks * switch_s
    assert work.time_s is not None
    assert work.time_s.high >= (1.0 + AGAIN * effort.asks_again) * asking_s


def test_what_is_expected_in_words(golden: Any) -> None:
    resolved = suite("a", "b", min_window_s=1)
    known = expected(resolved, earlier(a=drawn((0.5, 0.1, 50)), b=drawn((2, 0.2, 50))), 400)
    some = expected(resolved, earlier(a=drawn((0.5, 0.1, 50), joules=False)), 400)
    none = expected(resolved, Earlier(), 400)
    text = "\n\n".join("\n".join(passage_lines(expected_passage(work, "in runs"))) for work in (known, some, none))
    golden("expected.txt", text + "\n")
    record = json.loads(json.dumps(known.as_record()))
    assert record["runs"] == ["runs/x"]
    assert record["systems"][1]["system"] == "b"
    assert set(record["joules"]) == {"estimate", "low", "high"}
