"""The command line, run as a user runs it: another process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"

Wattbench = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """No hub, nothing of the pytest that runs this, and a cache of its own: no other run here is in the way."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    files = {"WATTBENCH_CACHE": str(tmp_path / "cache"), "CALLS": str(tmp_path / "calls.txt")}
    return inherited | offline | files | {"ANSWER_S": "0.002"}


@pytest.fixture
def command() -> Callable[..., list[str]]:
    """The command line of `wattbench ARGUMENTS`."""
    return lambda *arguments: [sys.executable, "-m", "wattbench", *map(str, arguments)]


@pytest.fixture
def wattbench(tmp_path: Path, environment: dict[str, str], command: Callable[..., list[str]]) -> Wattbench:
    """Run `wattbench ARGUMENTS` in an empty folder."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments), cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    return call


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[str], Path]:
    """A suite beside the test data's tasks and answers: the shipped one, with some text replaced."""

    def make(*changes: tuple[str, str]) -> Path:
        text = (DATA / "suite.yaml").read_text()
        for old, new in (*changes, ("[tasks]", f"[{DATA / 'tasks'}]"), ("./answers.py", str(DATA / "answers.py"))):
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "suite.yaml"
        path.write_text(text)
        return path

    return make
