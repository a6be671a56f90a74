"""What `wattbench nightly` and `wattbench runs history` say when they can't."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from wattbench.api.gates import judge_night
from wattbench.cli import main


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("nightly", "--history", "nights"), 3, "nights: not a history"),
        (("nightly", "suite.yaml", "--history", "nights"), 3, "no such suite file"),
        (("nightly", "quick", "--history", "nights", "--resume", "x"), 3, "one of the two"),
        (("nightly", "--history", "nights", "--limit", 3), 3, "go with a suite: name one"),
        (("nightly", "quick", "--history", "n", "--date", "2026-03-01", "--commit", "HEAD"), 3, "leave --date out"),
        (("nightly", "quick"), 2, "Missing option '--history'"),
        (("history", "nights"), 2, "nights: not a history"),
        (("history", "nights", "--add"), 2, "--add takes the runs to add"),
        (("history", "nights", "run"), 2, "use --add"),
        (("history", "nights", "--prune", "--sql", "SELECT 1"), 2, "--prune and --sql: one of them at a time"),
        (("history", "nights", "--dry-run"), 2, "--dry-run goes with --prune"),
        (("history", "nights", "--add", "nowhere"), 2, "nowhere: no such run directory"),
    ],
)
def test_a_users_mistake_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[object], code: int, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert done.exit_code == code, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_mistake_of_ours_is_not_taken_for_a_regression(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    (tmp_path / "runs").mkdir()
    monkeypatch.setattr(judge_night, "judge_last_night", broken)
    done = CliRunner().invoke(main, ["nightly", "--history", str(tmp_path)])
    assert done.exit_code == 3  # Python's own would be 1
    assert "ZeroDivisionError" in done.stderr
    assert f"every finished night is kept in {tmp_path / 'runs'}" in done.stderr
