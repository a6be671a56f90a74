"""A record names code, programs and tasks of whoever made it. What reads a record runs none of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click.testing
import pytest

from tests.made_up import large_run
from wattbench.cli import main


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run whose record is full of traps; each makes a file `sprung`."""
    sprung = tmp_path / "sprung"
    code = f"from pathlib import Path\nPath({str(sprung)!r}).touch()\n\n\ndef load(*_, **__):\n    return None\n"
    names = ("trap", "conftest", "sitecustomize", "answers", "lm_eval", "pandas", "wattbench")
    for name in names:
        (tmp_path / f"{name}.py").write_text(code)
    (tmp_path / "trap.yaml").write_text("task: trap\nprocess_docs: !function trap.load\n")
    made = large_run._header

    def trapped(*given: Any) -> Any:
        header = made(*given)
        suite: dict[str, Any] = {**header.suite["suite"]}
        suite["tasks"] = {**suite["tasks"], "include": [str(tmp_path)]}
        command = {"run": f"touch {sprung}", "power_unit": "W", "pattern": "(.*)"}
        suite["meters"] = [
            {"use": "external", "component": "wall", "command": command},
            {"use": "trap", "module": "trap:load"},
        ]
        systems = {
            name: {**settings, "engine": "python", "call": f"{tmp_path}/trap.py:load"}
            for name, settings in header.suite["systems"].items()
        }
        return replace(header, suite={"path": str(tmp_path / "suite.yaml"), "suite": suite, "systems": systems})

    monkeypatch.setattr(large_run, "_header", trapped)
    (tmp_path / "runs").mkdir()
    large_run.make_run(tmp_path / "runs", 40, large_run.SYSTEMS[:2]).rename(tmp_path / "run")
    (tmp_path / "table.csv").write_text(
        "system,item,score,prompt,output\n"
        + "".join(f"trap:load,{n},1,!function trap.load,{{{{7*7}}}}\n" for n in "ab")
    )
    monkeypatch.chdir(tmp_path)
    return sprung


LOOKS: dict[str, tuple[str, ...]] = {
    "compare": ("runs", "compare", "run"),
    "report": ("runs", "report", "run"),
    "export": ("runs", "export", "run", "--to", "csv"),
    "items": ("runs", "items", "run"),
    "import": ("runs", "import", "table.csv"),
    "history": ("runs", "history", "nights", "--add", "run"),
}


@pytest.mark.parametrize("command", LOOKS)
def test_a_command_that_reads_a_record_runs_none_of_it(traps: Path, command: str) -> None:
    before = set(sys.path)
    done = click.testing.CliRunner().invoke(main, list(LOOKS[command]))
    assert done.exit_code == 0, done.output
    assert not traps.exists()
    assert set(sys.path) <= before  # the folder of a record is no place to import from


def test_completion_reads_no_suite(traps: Path) -> None:
    words = {
        "_WATTBENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": "wattbench suites plan trap.yaml --",
        "COMP_CWORD": "4",
    }
    done = click.testing.CliRunner().invoke(main, [], env=words, prog_name="wattbench")
    assert "--load" in done.output
    assert not traps.exists()
