"""Ctrl-C at a terminal: the report of what there is, on request; and a run that is resumed all the same."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import words
from wattbench.records import read_run

UNTIL_S = 120.0
CTRL_C = b"\x03"


class AtTerminal:
    """A command at a terminal of its own, of 80 columns."""

    def __init__(self, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self.written = ""
        self._terminal, its = pty.openpty()
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=its, stdout=its, stderr=its, cwd=cwd,
            env=environment | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
        )  # fmt: skip
        os.close(its)

    def read_until(self, reached: Callable[[], bool]) -> None:
        """Read what it writes until a condition holds."""
        until_s = time.monotonic() + UNTIL_S
        while not reached():
            assert time.monotonic() < until_s, self.written
            assert self._read(), self.written

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._terminal, keys)

    def end(self) -> int:
        """Read the output to the command's end, and return its exit code."""
        while self._read():
            """It is written down."""
        return self._process.wait(UNTIL_S)

    def close(self) -> None:
        """Hang up, and end the command if it still runs."""
        os.close(self._terminal)
        self._process.kill()
        self._process.wait(UNTIL_S)

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:  # it has ended
            return False
        self.written += data.decode(errors="replace")
        return bool(data)


@pytest.fixture
def stopped(tmp_path: Path, suite, environment: dict[str, str]) -> Iterator[tuple[AtTerminal, Path]]:
    """Press Ctrl-C after the first block of a run at a terminal, up to its question."""
    slow = suite(
        ('answers.py:add"', 'answers.py:add_slowly"'),
        ("idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2", "idle_s: 0, min_window_s: 0, blocks: 4, busy: mark"),
    )
    command = AtTerminal(words("run", slow), tmp_path, dict(environment))
    try:
        complete = lambda: next(tmp_path.glob("runs/*/blocks.jsonl"), None)  # noqa: E731
        command.read_until(lambda: complete() is not None)
        command.press(CTRL_C)
        command.read_until(lambda: "[y/N] " in command.written)
        yield command, next(tmp_path.glob("runs/*"))
    finally:
        command.close()


def check_can_be_resumed(root: Path, environment: dict[str, str], part: Path | None) -> None:
    assert not (root / "finished.json").exists()
    assert {each for each in root.parent.iterdir() if each.is_dir()} == {root, *([] if part is None else [part])}
    resumed = AtTerminal(words("run", "--resume", root), root.parents[1], environment)
    assert resumed.end() == 0, resumed.written
    assert "it/s]" not in resumed.written, "no bars of libraries"
    resumed.close()
    items = pd.read_parquet(root / "items.parquet")
    assert items.groupby("system").size().to_dict() == {"adder": 40, "small": 40}


def test_yes_writes_the_report_of_the_complete_blocks(
    stopped: tuple[AtTerminal, Path], wattbench, environment: dict[str, str]
) -> None:
    command, root = stopped
    command.press(b"yes\n")
    assert command.end() == 130
    assert "Traceback" not in command.written
    said = re.sub(r"\s+", "", command.written)  # lines are broken by the terminal
    assert f"resumewith:wattbenchrun--resumeruns/{root.name}" in said
    assert f"with:wattbenchrunsreport--so-farruns/{root.name}" in said
    (part,) = [each for each in root.parent.iterdir() if each.is_dir() and each != root]
    number = len(read_run(root).blocks())
    assert part.name == f"{root.name}-{number}of4"
    assert part.with_name(f"{part.name}.html").exists()

    header = json.loads((part / "run.json").read_text())
    assert header["part_of"] == root.name
    items = pd.read_parquet(part / "items.parquet")
    blocks = read_run(root).blocks()
    asked = {(task, doc_id) for row in blocks for task, doc_ids in row.doc_ids.items() for doc_id in doc_ids}
    for _, of_system in items.groupby("system"):
        assert {*zip(of_system["task"], of_system["doc_id"], strict=True)} == asked
    compared = wattbench("runs", "compare", part)
    assert compared.returncode == 0, compared.stderr
    assert f"The run {root.name} was stopped" in re.sub(r"\s+", " ", compared.stdout)
    assert wattbench("runs", "verify", part).returncode == 0

    again = wattbench("runs", "report", "--so-far", root)
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{part}.html\n", "what is there already is reported"
    refused = wattbench("runs", "compare", root)
    assert refused.returncode == 2
    assert f"wattbench runs report --so-far {root}" in refused.stderr
    check_can_be_resumed(root, environment, part)
    whole = wattbench("runs", "report", "--so-far", root)
    assert whole.stdout == f"{root}.html\n", "a finished run has its own report"


@pytest.mark.parametrize("keys", [b"n\n", CTRL_C], ids=["no", "Ctrl-C"])
def test_anything_else_leaves(keys: bytes, stopped: tuple[AtTerminal, Path], environment: dict[str, str]) -> None:
    command, root = stopped
    command.press(keys)
    assert command.end() == 130
    assert "Traceback" not in command.written
    check_can_be_resumed(root, environment, None)
