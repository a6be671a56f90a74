"""How much two runs of one system differ, from earlier sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.standard_runs import machine, recorded
from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.sessions import JudgedSystem, judged_systems, session_noise
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.tables.session_record import (
    PREFIX,
    SessionRecord,
    read_sessions,
    session_record,
    sessions_json,
    sessions_of_two,
)

OF_MACHINE = {"latency_mean", "latency_p50", "latency_p95", "ttft", "joules_per_request", "joules_per_correct"}
SPEEDS = (1.0, 1.1, 0.95, 1.2, 1.05)
BOTH = (FakeSystem("big", weights="b" * 64), FakeSystem("small", energy_j=3.0, latency_s=0.2, weights="5" * 64))


def runs(folder: Path, speeds: tuple[float, ...] = SPEEDS, start: int = 0) -> list[RunRecords]:
    return [
        read_run(write_run(folder, recorded(f"s{number}", systems=BOTH, speed=speed)))
        for number, speed in enumerate(speeds, start=start)
    ]


@pytest.fixture
def record(tmp_path: Path) -> SessionRecord:
    return session_record(runs(tmp_path / "sessions"))


def noise_of(record: SessionRecord | None, baseline: str, candidate: str, *, one_run: bool = False) -> Any:
    return session_noise(record, JudgedSystem(baseline), JudgedSystem(candidate), one_run=one_run)


def test_each_metric_varies_twice_as_much_as_its_figure(record: SessionRecord) -> None:
    found = noise_of(record, "big", "big")
    assert set(found) == OF_MACHINE - {"ttft"}, "these systems do not report a first token"
    for metric, each in found.items():
        assert each.log_variance == pytest.approx(2 * np.log(SPEEDS).var(ddof=1), rel=0.05), metric
        assert each.df == pytest.approx(4, rel=0.05), "all figures rise together"
        assert (each.shifts, each.averaged) == ((0.0, 0.0), (1, 1))


def test_two_systems_of_one_run_share_its_session(record: SessionRecord) -> None:
    found = noise_of(record, "big", "small", one_run=True)
    assert all(each.log_variance < 1e-4 for each in found.values())


def test_a_system_without_sessions_varies_as_the_one_that_varies_most(record: SessionRecord) -> None:
    known, new = (noise_of(record, "big", name) for name in ("small", "new"))
    assert {*known} == {*new}
    assert all(new[metric].log_variance >= known[metric].log_variance - 1e-12 for metric in known)


def test_no_sessions_and_one_session_say_nothing(record: SessionRecord) -> None:
    assert noise_of(None, "big", "big") == {}
    alone = record
    for run in record.runs[1:]:
        alone = alone.without(run)
    assert noise_of(alone, "big", "big") == {}


def test_a_figure_of_several_sessions_is_their_mean(record: SessionRecord) -> None:
    """By hand: a run that is 5% above its five sessions, whose mean with it is five sixths of the way back."""
    logs = np.log([float(value or 0) for value in record.figures["seconds"]["big"]])
    own = {"seconds": float(np.exp(logs.mean())) * 1.05}
    judged = JudgedSystem("big", own, (0, 1, 2, 3, 4))
    known = session_noise(record, judged, JudgedSystem("big"), one_run=False)["latency_mean"]
    alone = noise_of(record, "big", "big")["latency_mean"]
    assert known.shifts == (pytest.approx(-5 / 6 * np.log(1.05)), 0.0)
    assert known.averaged == (6, 1)
    assert known.log_variance == pytest.approx(alone.log_variance * (1 / 6 + 1) / 2)
    assert known.averaged_over == "The baseline's figure is its mean over 6 sessions."


def test_sessions_are_of_a_system_that_is_made_of_the_same(tmp_path: Path, record: SessionRecord) -> None:
    (first, last), other = runs(tmp_path / "gate", (1.0, 1.02), start=7), replace(record, made_of={})
    one, two = judged_systems(record, (first, "big"), (last, "small"))
    assert one.figures and two.figures
    one, two = judged_systems(record, (first, "big"), (last, "big"))
    assert one.figures and not two.figures, "that of the candidate is what is judged"
    assert not any(each.figures for each in judged_systems(other, (first, "big"), (last, "small")))
    assert not any(each.figures for each in judged_systems(record, (first, "big"), (first, "small")))
    changed = recorded("c", systems=(replace(BOTH[0], weights="c" * 64), BOTH[1]))
    new, again = (read_run(write_run(tmp_path / "gate", replace(changed, id=name))) for name in ("c", "d"))
    one, two = judged_systems(record, (first, "big"), (new, "big"))
    assert one.earlier == (0, 1, 2, 3, 4) and not two.figures
    every = record.joined(session_record([new, again]))
    assert every.sessions == 7
    assert replace(every.joined(record), source=every.source) == every
    one, two = judged_systems(every, (first, "big"), (new, "big"))
    assert (one.earlier, two.earlier) == ((0, 1, 2, 3, 4), (6,))


def test_the_figures_of_a_record_are_read_back(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(sessions_json(record))
    again = read_sessions(path)
    assert (again.figures, again.made_of) == (record.figures, record.made_of)
    assert set(again.made_of) == {"big", "small"}
    assert again.figures["latency_p95"]["big"] is not None


def test_an_older_record_has_the_mean_for_the_median_and_no_percentile(record: SessionRecord) -> None:
    means = {name: record.figures[name] for name in ("energy_j", "seconds")}
    found = noise_of(replace(record, figures=means), "big", "big")
    assert set(found) == OF_MACHINE - {"ttft", "latency_p95"}


def test_the_judged_run_is_no_session_of_its_own(tmp_path: Path) -> None:
    first, *_, last = runs(tmp_path)
    found = sessions_of_two(first, last, tmp_path)
    assert found is not None
    assert last.header.run not in found.runs
    assert found.sessions == len(SPEEDS) - 1


def test_a_record_next_to_the_runs_is_found(tmp_path: Path, record: SessionRecord) -> None:
    first, last = runs(tmp_path / "gate", (1.0, 1.02), start=7)
    assert sessions_of_two(first, last, None) is None
    (tmp_path / "gate" / f"{PREFIX}demo.json").write_text(sessions_json(record))
    found = sessions_of_two(first, last, None)
    assert found is not None
    assert found.sessions == 5


def test_a_record_of_another_suite_than_both_is_refused(tmp_path: Path, record: SessionRecord) -> None:
    first, last = runs(tmp_path / "gate", (1.0, 1.02), start=7)
    path = tmp_path / "other.json"
    path.write_text(sessions_json(replace(record, suite_sha256="cd" * 32)))
    with pytest.raises(UserError, match="another suite"):
        sessions_of_two(first, last, path)


def test_seconds_and_joules_are_judged_where_sessions_are_known(tmp_path: Path, record: SessionRecord) -> None:
    first, last = runs(tmp_path / "gate", (1.0, 1.02), start=7)
    policy = gate_policy()
    unknown = judge(evidence_of_two(first, last, policy, baseline="big", candidate="big"), policy, suite="demo")
    accuracy, *others = unknown.metrics
    assert accuracy.verdict == "pass"
    for each in others[:2]:
        assert each.verdict == "not_measured", each.metric
        assert "wattbench dev calibrate SUITE --sessions 5" in each.reason
        assert each.change == pytest.approx(0.02, abs=0.01), "it is shown all the same"
    found = evidence_of_two(first, last, policy, baseline="big", candidate="big", sessions=record)
    assert found.missing == {}
    known = judge(found, policy, suite="demo")
    assert {each.verdict for each in known.metrics if each.blocks} <= {"pass", "inconclusive", "not_measured"}


def test_what_is_apart_is_no_question_of_sessions(tmp_path: Path) -> None:
    first = read_run(write_run(tmp_path, recorded("a", systems=BOTH)))
    other = read_run(write_run(tmp_path, recorded("b", systems=BOTH, environment=machine(cpu="Other CPU"))))
    policy = gate_policy()
    found = judge(evidence_of_two(first, other, policy, baseline="big", candidate="big"), policy, suite="demo")
    assert {str(each.verdict) for each in found.metrics if each.metric != "accuracy"} == {"not_comparable"}
    assert found.metrics[0].verdict == "pass"


def test_an_assumed_drift_takes_the_place_of_sessions(tmp_path: Path, record: SessionRecord) -> None:
    first, last = runs(tmp_path / "gate", (1.0, 1.02), start=7)
    found = evidence_of_two(first, last, gate_policy(drift=0.03), baseline="big", candidate="big", sessions=record)
    assert found.missing == {}
    plain, moved = (
        evidence_of_two(first, last, gate_policy(drift=drift), baseline="big", candidate="big").measured["latency_p50"]
        for drift in (0.0, 0.03)
    )
    assert moved.bounds.low(0.05)[0] == pytest.approx((1 + plain.bounds.low(0.05)[0]) / 1.03 - 1)
    assert moved.bounds.high(0.05)[0] == pytest.approx((1 + plain.bounds.high(0.05)[0]) * 1.03 - 1)
    assert "at most 3.0%, as assumed" in moved.bounds.note


def test_a_system_that_a_session_did_not_ask_to_the_end_has_no_figure_in_it(tmp_path: Path) -> None:
    big, small = BOTH
    whole = replace(recorded("s0", systems=BOTH), blocks=6)
    dropping = replace(recorded("s1", systems=(big, replace(small, dropped_after=2))), blocks=6)
    record = session_record([read_run(write_run(tmp_path, each)) for each in (whole, dropping)])
    assert [value is None for value in record.figures["energy_j"]["small"]] == [False, True]
    assert None not in record.figures["energy_j"]["big"]
