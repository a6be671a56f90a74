"""Where a verdict goes: the messages of failures, and the summary of GitHub's step."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.made_up.gate_results import gate, passed
from wattbench.cli._verdict_files import MOST_SUMMARY_BYTES, VerdictFiles, errors_as_verdicts
from wattbench.redaction import keep_secret
from wattbench_reports.gate.result import GateResult, Verdict

SECRET = "kQ7x9ZmW2pLr"
FILES = VerdictFiles(junit=None, markdown=None, json=None, github=True)


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    return path


def failed(message: str) -> GateResult:
    return gate(Verdict.ERROR, message)


def test_a_failure_of_a_library_is_in_no_file_with_its_secrets(
    summary: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    keep_secret(SECRET)
    named = {name: tmp_path / f"gate.{name}" for name in ("junit", "markdown", "json")}
    files = VerdictFiles(**named, github=True)
    with pytest.raises(click.exceptions.Exit) as ended, errors_as_verdicts(files, failed):
        raise KeyError(f"no session for {SECRET}\x1b[2J<img src=x> at https://u:{SECRET[::-1]}@host")
    assert ended.value.exit_code == 3
    out, err = capfd.readouterr()
    texts = [out, err, *(path.read_text() for path in (*named.values(), summary))]
    for text in texts:
        assert "no session for" in text
        assert SECRET not in text
        assert SECRET[::-1] not in text
        assert "\x1b" not in text
    assert "<img" not in summary.read_text()


def test_the_summary_of_a_step_never_exceeds_what_github_shows(
    summary: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    result = passed()
    FILES.write(result)
    one = summary.stat().st_size
    summary.write_bytes(b"x" * (MOST_SUMMARY_BYTES - one))
    FILES.write(result)
    assert summary.stat().st_size == MOST_SUMMARY_BYTES
    assert "exceed" not in capfd.readouterr().err
    FILES.write(result)
    assert summary.stat().st_size == MOST_SUMMARY_BYTES
    assert "the step's summary would exceed 1,048,576 bytes" in capfd.readouterr().err
