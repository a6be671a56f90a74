"""The snippets of docs/python.md run, and it names every function."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import wattbench
from tests.made_up.nights_on_disk import make_history
from tests.made_up.runs import FakeRun
from tests.made_up.standard_runs import plain_systems
from tests.made_up.store import RunStore

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "python.md").read_text()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_runs: RunStore) -> Path:
    """The working directory of somebody who has the runs, the history and the example that the page names."""
    monkeypatch.setenv("WATTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    for identity in ("abc123", "def456"):
        api_runs.write(tmp_path / "runs", FakeRun(plain_systems(), id=identity))
    make_history(tmp_path / "nights", 3, systems=2, domains=1, items=6)
    shutil.copytree(ROOT / "examples" / "sums", tmp_path / "examples" / "sums")
    return tmp_path


@pytest.mark.slow
def test_every_snippet_runs_one_after_the_other(reader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert len(snippets) == 12
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, "docs/python.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "joules per correct" in printed  # a comparison
    assert "Candidate specialist against baseline generalist" in printed  # a gate
    assert "careful" in printed  # the suite that was run
    assert len(list((reader / "runs").iterdir())) == 3
    assert (reader / "tradeoff.pdf").read_bytes().startswith(b"%PDF")


def test_every_public_name_is_on_the_page() -> None:
    functions = [name for name in wattbench.__all__ if name.islower() and not name.startswith("_")]
    assert [name for name in functions if f"wattbench.{name}(" not in PAGE] == []
