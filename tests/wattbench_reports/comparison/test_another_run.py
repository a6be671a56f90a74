"""Another run on this machine: sessions on record, what they add to intervals, and how runs are compared with them."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.comparison.analysis import analyse, compare
from wattbench_reports.comparison.another_run import joule_sessions
from wattbench_reports.comparison.several_runs import side_by_side
from wattbench_reports.export import render
from wattbench_reports.metrics.assumptions import Assumptions
from wattbench_reports.tables.session_record import (
    PREFIX,
    machine_of,
    read_sessions,
    session_record,
    sessions_json,
    sessions_of,
)

SPEEDS = (1.0, 1.1, 0.9, 1.2, 0.85)


@pytest.fixture
def sessions(tmp_path: Path, fake) -> list[RunRecords]:
    """Five runs of one suite, each of another speed."""
    return [read_run(fake.write(tmp_path, in_blocks(fake, number, speed))) for number, speed in enumerate(SPEEDS)]


def in_blocks(fake, number: int, speed: float):
    systems = (fake.System("a", energy_j=8.0), fake.System("b", accuracy=0.45, energy_j=9.0))
    return fake.Run(systems, blocks=8, items=40, speed=speed, id=f"s{number}")


def test_the_record_holds_what_each_session_showed(sessions) -> None:
    record = session_record(sessions)
    assert record.sessions == 5
    joules = np.array(record.figures["energy_j"]["a"])
    assert joules / joules[0] == pytest.approx(SPEEDS, rel=0.01)
    variance = joule_sessions(record, "a")
    assert (variance.sessions, variance.df) == (5, 4)
    assert variance.log_variance == pytest.approx(np.log(SPEEDS).var(ddof=1), rel=0.05)
    assert joule_sessions(record, "new") is not None, "as much as the system that varies most"


def test_it_is_written_and_read_back(sessions, tmp_path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(sessions_json(session_record(sessions)))
    assert read_sessions(path) == dataclasses.replace(session_record(sessions), source="sessions.json")


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw | {"schema_version": 2},
        lambda raw: raw | {"runs": raw["runs"][:2]},
        lambda raw: raw | {"j_per_request": {"a": [-1.0] * 5}},
        lambda raw: {name: value for name, value in raw.items() if name != "machine"},
        lambda raw: [],
    ],
)
def test_a_file_that_is_none_is_named(sessions, tmp_path, damage) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps(damage(json.loads(sessions_json(session_record(sessions))))))
    with pytest.raises(UserError, match=r"not a record of sessions .* wattbench dev calibrate SUITE --sessions"):
        read_sessions(path)


@pytest.mark.parametrize(("key", "value", "what"), [("suite_sha256", "cd" * 32, "suite"), ("machine", {}, "machine")])
def test_sessions_of_something_else_are_refused(sessions, tmp_path, key, value, what) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(json.dumps(json.loads(sessions_json(session_record(sessions))) | {key: value}))
    with pytest.raises(UserError, match=f"these sessions are of another {what} than the run"):
        sessions_of(sessions[0], path)


def test_with_one_session_it_is_not_known_and_said_so(make_run, fake) -> None:
    comparison = compare(make_run(in_blocks(fake, 0, 1.0)))
    assert comparison.sessions is None
    assert {each.sessions for each in comparison.systems} == {1}
    for form in ("table", "markdown"):
        text = render(comparison, form)
        assert "clustered by 8 blocks" in " ".join(text.split())
        assert "Another run on this machine: not known: one session." in " ".join(text.split())


def test_a_run_without_blocks_says_that_time_is_not_in_its_intervals(make_run, fake) -> None:
    comparison = compare(make_run(fake.plain()))
    assert {each.blocks for each in comparison.systems} == {1}
    assert "time is not in these intervals: one block" in " ".join(render(comparison, "table").split())


def test_sessions_widen_the_interval_and_the_sentence_names_them(sessions, tmp_path) -> None:
    path = tmp_path / "elsewhere.json"
    path.write_text(sessions_json(session_record(sessions)))
    comparison = compare(sessions[0], Assumptions(sessions=path))
    for each in comparison.systems:
        assert each.sessions == 5
        assert each.j_per_correct_another_run_low < each.j_per_correct_low
        assert each.j_per_correct_another_run_high > each.j_per_correct_high
    text = " ".join(render(comparison, "table").split())
    assert "Another run on this machine (5 sessions, elsewhere.json), joules per correct answer: a " in text
    document = json.loads(render(comparison, "json"))
    assert document["sessions"]["sessions"] == 5
    assert (
        document["systems"][0]["j_per_correct_another_run_high"] == comparison.systems[0].j_per_correct_another_run_high
    )
    assert Assumptions(sessions=path).as_options() == ["--sessions", str(path)]


def test_a_record_next_to_the_run_is_found_and_another_ones_is_passed_over(sessions) -> None:
    folder = sessions[0].layout.root.parent
    raw = json.loads(sessions_json(session_record(sessions)))
    (folder / f"{PREFIX}other.json").write_text(json.dumps(raw | {"suite_sha256": "cd" * 32}))
    (folder / f"{PREFIX}broken.json").write_text("{")
    assert sessions_of(sessions[0], None) is None
    (folder / f"{PREFIX}demo.json").write_text(json.dumps(raw))
    found = sessions_of(sessions[0], None)
    assert found.source == f"{PREFIX}demo.json"


def test_a_folder_of_runs_is_a_record(sessions) -> None:
    folder = sessions[0].layout.root.parent
    found = sessions_of(sessions[0], folder)
    assert found.sessions == 5
    assert found.machine == machine_of(sessions[0].header)


@pytest.mark.slow
def test_two_runs_of_one_suite_are_sessions_of_each_other(sessions) -> None:
    comparison = side_by_side(sessions)
    assert {each.sessions for each in comparison.systems} == {5}
    joules = next(each for each in comparison.ranked.standings if each.figure == "joules")
    beaten = {place.system.split("@")[0]: place.beaten for place in joules.places}
    assert beaten["a"] in (None, False), "the same system in another session is not shown to be worse"
    text = " ".join(render(comparison, "table").split())
    assert "another run on this machine would differ is known from 5 sessions" in text


def test_joules_of_runs_with_unknown_sessions_are_not_told_apart(tmp_path, fake) -> None:
    """Two suites: neither run is a session of the other, however far apart the joules are."""
    cheap = fake.Run((fake.System("cheap", energy_j=1.0),), blocks=8, id="one")
    dear = fake.Run((fake.System("dear", energy_j=64.0),), blocks=8, id="two")
    runs = [read_run(fake.write(tmp_path / each.id, each)) for each in (cheap, dear)]
    header = json.loads(runs[1].layout.header.read_text())
    runs[1].layout.header.write_text(json.dumps(header | {"suite_sha256": "cd" * 32}))
    comparison = side_by_side([runs[0], read_run(runs[1].layout.root)], across=["all"])
    joules = next(each for each in comparison.ranked.standings if each.figure == "joules")
    assert [(place.system, place.beaten) for place in joules.places] == [("cheap", None), ("dear", False)]
    text = " ".join(render(comparison, "table").split())
    assert "is not known (one session), so that none of them is shown to need more" in text


def test_clusters_of_tasks_are_as_many_as_the_tasks(make_run, fake) -> None:
    run = make_run(fake.family(20))
    by_task = analyse(run, Assumptions(cluster="task"))
    assert {each.blocks for each in by_task.comparison.systems} == {4}
    assert "other tasks of the kind, clustered by 4 tasks" in " ".join(render(by_task.comparison, "table").split())
    plain, wide = (
        next(row for row in each.systems if row.system == "tuned") for each in (compare(run), by_task.comparison)
    )
    assert math.log(wide.j_per_correct_high / wide.j_per_correct_low) > math.log(
        plain.j_per_correct_high / plain.j_per_correct_low
    )
    with pytest.raises(UserError, match="only task is known"):
        analyse(run, Assumptions(cluster="moon"))
