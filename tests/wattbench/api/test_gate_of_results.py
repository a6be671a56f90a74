"""`wattbench gate` over another tool's results: imported on the way, judged without a suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import wattbench
from tests.made_up.other_tools import aiperf_profile
from wattbench.errors import UserError
from wattbench.importers import read_sources, write_run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def gated(first: Path, second: Path, **options: object) -> wattbench.GateResult:
    return wattbench.gate(first, second, out="runs", **options)


def test_two_folders_of_aiperf_are_imported_and_judged(here, capsys) -> None:
    before, after = aiperf_profile(here / "before", 2, 40), aiperf_profile(here / "after", 2, 40)
    result = gated(before, after)
    assert result.verdict == "pass", result.text()
    assert result["accuracy"].verdict == "not_measured"
    assert not result["accuracy"].blocks
    notes = " ".join(result.notes)
    assert "Not recorded by any of these sources: device, driver and power limit." in notes
    assert "3.0% is assumed of seconds and joules" in notes
    assert "Neither source records accuracy: it is not judged, and blocks nothing." in notes
    assert len(list((here / "runs").iterdir())) == 2
    assert f"{before} was imported as runs/" in capsys.readouterr().err


def test_a_slower_candidate_regresses_with_exit_code_1(here) -> None:
    result = gated(aiperf_profile(here / "before", 2, 40), aiperf_profile(here / "after", 2, 40, slower=1.3))
    assert result.verdict == "regressed", result.text()
    assert result.data.exit_code == 1


def test_unlike_loads_are_not_comparable(here) -> None:
    result = gated(aiperf_profile(here / "at-1", 1), aiperf_profile(here / "at-4", 4))
    assert result.verdict == "not_comparable"
    assert "concurrency 1" in " ".join(result.text().split())


def test_runs_that_were_imported_before_are_judged_alike(here) -> None:
    folders = [aiperf_profile(here / name, 2, 40) for name in ("before", "after")]
    runs = [
        write_run(read_sources([each]), here / "imports", "profile", ["wattbench", "runs", "import"])
        for each in folders
    ]
    assert gated(*runs).verdict == "pass"
    assert gated(runs[0], folders[1]).verdict == "pass"


def test_a_policy_that_names_a_metric_requires_it(here) -> None:
    policy = here / "gate.yaml"
    policy.write_text("metrics: {latency_p50: {margin: 10%}, accuracy: {margin: 5 points}}\ndrift: 1%\n")
    folders = [aiperf_profile(here / name, 2, 40) for name in ("before", "after")]
    result = gated(*folders, policy=policy)
    assert result.verdict == "not_measured", result.text()
    assert result["latency_p50"].verdict == "pass"
    assert "is assumed" not in " ".join(result.notes)


def test_scores_on_one_side_alone_are_missing_and_block(here) -> None:
    before, after = aiperf_profile(here / "before", 2, 40), aiperf_profile(here / "after", 2, 40)
    grades = [
        {"x_request_id": f"x-{place}", "passed": True, "grader_name": "g", "expected": "1", "actual": "1"}
        for place in range(40)
    ]
    (after / "accuracy_export.jsonl").write_text("\n".join(map(json.dumps, grades)))
    assert gated(before, after).verdict == "not_measured"


def test_what_is_neither_a_run_nor_results_is_named(here) -> None:
    (here / "empty").mkdir()
    with pytest.raises(UserError, match="not a run directory"):
        gated(here / "empty", aiperf_profile(here / "after", 2))
