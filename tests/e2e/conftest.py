"""The command line, run as a user runs it: another process, its output and its exit code."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import commands

DATA = Path(__file__).parents[1] / "data"

Wattbench = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return the environment without a hub and without pytest's variables, with a cache of the test's own."""
    files = {"WATTBENCH_CACHE": str(tmp_path / "cache"), "CALLS": str(tmp_path / "calls.txt")}
    return commands.offline() | files | {"ANSWER_S": "0.002"}


@pytest.fixture
def wattbench(tmp_path: Path, environment: dict[str, str]) -> Wattbench:
    """Run `wattbench ARGUMENTS` in an empty folder."""

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        return commands.run(arguments, cwd=tmp_path, env=environment)

    return call


@pytest.fixture
def start(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Start `wattbench ARGUMENTS` in an empty folder, for tests that look at it or end it while it runs."""

    def call(*arguments: object, cwd: Path = tmp_path) -> subprocess.Popen[str]:
        return commands.start(arguments, cwd=cwd, env=environment)

    return call


@pytest.fixture
def suite(tmp_path: Path) -> Callable[[str], Path]:
    """Write the test data's suite with some text replaced."""

    def make(*changes: tuple[str, str]) -> Path:
        text = (DATA / "suite.yaml").read_text()
        for old, new in (*changes, ("[tasks]", f"[{DATA / 'tasks'}]"), ("./answers.py", str(DATA / "answers.py"))):
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "suite.yaml"
        path.write_text(text)
        return path

    return make


@pytest.fixture
def two_blocks(suite: Callable[..., Path]) -> Callable[[int], Path]:
    """Write a suite in two blocks, of two systems that answer at once, in short windows."""

    def make(limit: int) -> Path:
        return suite(
            (
                "idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2",
                "idle_s: 0.05, warmup: 1, min_window_s: 0.05, blocks: 2",
            ),
            ("{task: sums, domain: arithmetic}", f"{{task: sums, domain: arithmetic, limit: {limit}}}"),
        )

    return make
