"""`wattbench dev calibrate SUITE --sessions K`: K runs, each made anew, and what they showed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.made_up.runs import write_run
from tests.made_up.standard_runs import family_run
from wattbench.api.gates import calibrate_gate as module
from wattbench.api.gates.calibrate_gate import calibrate_sessions
from wattbench.cli import main
from wattbench.errors import UserError
from wattbench_reports.tables.session_record import read_sessions


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The words of each run that was asked for; every run takes a tenth longer than the one before."""
    asked: list[list[str]] = []

    def run(words: Sequence[str]) -> Path:
        asked.append(list(words))
        session = dataclasses.replace(family_run(4), speed=1.1 ** len(asked), id=f"s{len(asked)}")
        return write_run(tmp_path / "runs", session)

    monkeypatch.setattr(module, "in_new_process", run)
    return asked


def test_each_session_is_a_run_of_its_own(made, tmp_path) -> None:
    record = calibrate_sessions("demo.yaml", tmp_path / "runs", 3, ["--limit", "4"])
    assert made == [["run", "demo.yaml", "--out", str(tmp_path / "runs"), "--limit", "4"]] * 3
    assert len(set(record.runs)) == record.sessions == 3
    joules = [value for value in record.figures["energy_j"]["tuned"] if value is not None]
    assert joules[2] / joules[0] == pytest.approx(1.21, rel=0.02)


def test_the_command_writes_the_record_next_to_the_runs(made, tmp_path) -> None:
    out = tmp_path / "runs"
    done = CliRunner().invoke(
        main, ["dev", "calibrate", "demo.yaml", "--sessions", "2", "--out", str(out), "--limit", "4"]
    )
    assert done.exit_code == 0, done.output
    assert read_sessions(out / "sessions-family.json").sessions == 2
    assert "family: 2 sessions" in done.stdout
    assert "tuned" in done.stdout


@pytest.mark.parametrize("options", [[], ["--system", "a", "--sessions", "3"]])
def test_it_is_gates_or_sessions(options) -> None:
    done = CliRunner().invoke(main, ["dev", "calibrate", "demo.yaml", *options])
    assert done.exit_code == 2
    assert "one of the two" in done.output


def test_one_session_shows_no_variance(tmp_path) -> None:
    with pytest.raises(UserError, match="two of them or more"):
        calibrate_sessions("demo.yaml", tmp_path, 1)
