"""How much two runs of one system differ, from earlier sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.made_up.gates import gate_policy
from tests.made_up.runs import FakeSystem, write_run
from tests.made_up.standard_runs import machine, recorded
from wattbench.errors import UserError
from wattbench.records import RunRecords, read_run
from wattbench_reports.gate.decision.judge import judge
from wattbench_reports.gate.evidence.sessions import BETWEEN_RUNS, session_variances
from wattbench_reports.gate.evidence.two_runs import evidence_of_two
from wattbench_reports.tables.session_record import (
    PREFIX,
    SessionRecord,
    read_sessions,
    session_record,
    sessions_json,
    sessions_of_two,
)

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


def test_each_metric_has_the_variance_of_its_own_figure(record: SessionRecord) -> None:
    found = session_variances(record, "big", "big", one_run=False)
    assert set(found) == set(BETWEEN_RUNS) - {"ttft"}, "these systems do not report a first token"
    for metric, each in found.items():
        assert each.log_variance == pytest.approx(np.log(SPEEDS).var(ddof=1), rel=0.02), metric
        assert (each.sessions, each.df) == (5, 4)


def test_two_systems_of_one_run_share_its_session(record: SessionRecord) -> None:
    found = session_variances(record, "big", "small", one_run=True)
    assert all(each.log_variance < 1e-5 for each in found.values())


def test_a_system_without_sessions_varies_as_the_one_that_varies_most(record: SessionRecord) -> None:
    known, new = (session_variances(record, "big", name, one_run=False) for name in ("small", "new"))
    assert {*known} == {*new}
    assert all(new[metric].log_variance >= known[metric].log_variance - 1e-12 for metric in known)


def test_no_sessions_and_one_session_say_nothing(record: SessionRecord) -> None:
    assert session_variances(None, "big", "big", one_run=False) == {}
    alone = record
    for run in record.runs[1:]:
        alone = alone.without(run)
    assert session_variances(alone, "big", "big", one_run=False) == {}


def test_the_figures_of_a_record_are_read_back(record: SessionRecord, tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_text(sessions_json(record))
    again = read_sessions(path)
    assert again.figures == record.figures
    assert again.figures["latency_p95"]["big"] is not None


def test_an_older_record_has_the_mean_for_the_median_and_no_percentile(record: SessionRecord) -> None:
    from dataclasses import replace

    found = session_variances(replace(record, figures={}), "big", "big", one_run=False)
    assert set(found) == {"latency_p50", "joules_per_request", "joules_per_correct"}


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
    from dataclasses import replace

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
        assert "wattbench calibrate SUITE --sessions 5" in each.reason
        assert each.change == pytest.approx(0.02, abs=0.01), "it is shown all the same"
    found = evidence_of_two(first, last, policy, baseline="big", candidate="big", sessions=record)
    assert set(found.sessions) >= {"latency_p50", "joules_per_correct"}
    known = judge(found, policy, suite="demo")
    assert {each.verdict for each in known.metrics if each.blocks} <= {"pass", "inconclusive", "not_measured"}


def test_what_is_apart_is_no_question_of_sessions(tmp_path: Path) -> None:
    first = read_run(write_run(tmp_path, recorded("a", systems=BOTH)))
    other = read_run(write_run(tmp_path, recorded("b", systems=BOTH, environment=machine(cpu="Other CPU"))))
    policy = gate_policy()
    found = judge(evidence_of_two(first, other, policy, baseline="big", candidate="big"), policy, suite="demo")
    verdicts = {each.metric: str(each.verdict) for each in found.metrics}
    assert verdicts.pop("accuracy") == "pass"
    assert set(verdicts.values()) == {"not_comparable"}


def test_an_assumed_drift_takes_the_place_of_sessions(tmp_path: Path, record: SessionRecord) -> None:
    first, last = runs(tmp_path / "gate", (1.0, 1.02), start=7)
    found = evidence_of_two(first, last, gate_policy(drift=0.03), baseline="big", candidate="big", sessions=record)
    assert found.missing == {}
    assert found.sessions == {}
