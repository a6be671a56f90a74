"""What a run says of itself in its lock file, and what another process reads of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from wattbench.progress import PlannedTurn
from wattbench.progress.live_state import LiveState, read_live_state, write_live_state
from wattbench.progress.view import RunSoFar


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "run.lock"
    path.touch()
    return path


def run_of(items: int = 4) -> RunSoFar:
    return RunSoFar([PlannedTurn("a", items), PlannedTurn("b", items)])


def test_scores_title_and_time_left_are_read_back(lock: Path) -> None:
    run = run_of()
    run.start("block 1 of 2, a\x1b[2J", PlannedTurn("a", 4), 0)
    run.answered("a", [0.1, 0.1])
    run.scored("a", 1.5, 2)
    write_live_state(lock, run)
    said = read_live_state(lock)
    assert said is not None
    assert said.scores == {"a": (1.5, 2)}  # nothing of b is scored
    assert said.title.startswith("block 1 of 2, a")
    assert "\x1b" not in said.title
    assert said.left.endswith(" left")


def test_nothing_is_left_of_a_complete_run(lock: Path) -> None:
    lock.write_text("x" * 500)
    run = RunSoFar([PlannedTurn("a", 1)])
    write_live_state(lock, run)
    assert read_live_state(lock) is not None
    assert b"x" not in lock.read_bytes()
    run.start("", PlannedTurn("a", 1), 0)
    run.answered("a", [0.1])
    run.end()
    write_live_state(lock, run)
    assert lock.read_bytes() == b""
    assert read_live_state(lock) is None


def test_a_failure_to_write_is_ignored(tmp_path: Path) -> None:
    write_live_state(tmp_path / "none" / "run.lock", run_of())
    (tmp_path / "link").symlink_to(tmp_path / "other")
    (tmp_path / "other").touch()
    write_live_state(tmp_path / "link", run_of())
    assert (tmp_path / "other").read_bytes() == b""


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "7", '{"scores": 1}', '{"scores": {}, "title": ""}',
        '{"scores": {"a": 1}, "title": "", "left": ""}',
        '{"scores": {"a": [1, 2, 3]}, "title": "", "left": ""}', "[" * 100_000, '{"scores": {"a": ["x", 1]}}',
    ],
)  # fmt: skip
def test_what_is_no_state_is_none(lock: Path, text: str) -> None:
    lock.write_text(text)
    assert read_live_state(lock) is None


def test_impossible_scores_are_left_out(lock: Path) -> None:
    scores = {"a": [3, 2], "b": [-1, 2], "c": [0, 0], "d": [1, 2], "e": [float("nan"), 2]}
    lock.write_text(json.dumps({"scores": scores, "title": "x\u202e", "left": ""}))
    said = read_live_state(lock)
    assert said is not None
    assert said.scores == {"d": (1.0, 2)}
    assert "\u202e" not in said.title


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.lock")
    assert read_live_state(tmp_path / "run.lock") is None
    assert LiveState() == LiveState({}, "", "")
