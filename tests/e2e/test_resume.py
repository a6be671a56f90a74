"""Nothing is lost on a kill: the same items, none twice, none lost."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.commands import wait_until
from wattbench.records import RunLayout, read_run


@pytest.fixture
def interrupted(
    tmp_path: Path, suite, start: Callable[..., subprocess.Popen[str]]
) -> Callable[[signal.Signals], tuple[Path, str, int]]:
    """Start a run, and end it with a signal when one of its systems has answered some items."""

    def run_and_end(how: signal.Signals, answered: int = 12, busy: str = "mark") -> tuple[Path, str, int]:
        slow = suite(('answers.py:add"', 'answers.py:add_slowly"'), ("blocks: 2}", f"blocks: 2, busy: {busy}}}"))
        process = start("run", slow)
        answers = lambda: next(tmp_path.glob("runs/*/items/adder/sums.jsonl"), None)  # noqa: E731
        wait_until(lambda: (path := answers()) is not None and path.read_bytes().count(b"\n") >= answered, process)
        process.send_signal(how)
        _, stderr = process.communicate(timeout=60)
        return next((tmp_path / "runs").iterdir()), stderr, process.returncode

    return run_and_end


def check_resumed(root: Path, before: bytes, calls: list[str]) -> None:
    layout = RunLayout(root)
    after = layout.answers("adder", "sums").read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    assert after.startswith(whole)  # what was answered is as it was, to the byte
    rows = [json.loads(line) for line in after.splitlines()]
    assert sorted(row["doc_id"] for row in rows) == list(range(40))

    # What was answered is only asked again to warm up: two items after loading, one in every later turn.
    blocks = read_run(root).blocks()
    answered = {json.loads(line)["prompt"].replace("\n", " ") for line in whole.splitlines()}
    missing = {row["prompt"].replace("\n", " ") for row in rows} - answered
    assert missing <= set(calls)
    assert sum(prompt in answered for prompt in calls) <= 2 + len(blocks)
    assert [row.number for row in blocks] == list(range(len(blocks)))

    items = pd.read_parquet(layout.items_table)
    own = items[items["system"] == "adder"]
    assert sorted(own["doc_id"]) == list(range(40))
    assert (own["correct"] == 1.0).all()
    assert (own.groupby("block").size() == 20).all()
    assert own["window"].nunique() in (len(blocks), len(blocks) + 1)  # a turn that was interrupted has two
    assert not read_run(root).open_windows()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_finished_asking_only_what_is_missing(
    how: signal.Signals, interrupted, wattbench, tmp_path: Path
) -> None:
    root, stderr, code = interrupted(how)
    assert not (root / "finished.json").exists()
    if how != signal.SIGKILL:
        assert code == 130
        assert f"wattbench run --resume {root.relative_to(tmp_path)}" in stderr
        assert "Traceback" not in stderr
        complete = len(read_run(root).blocks())
        assert ("wattbench runs report --so-far" if complete else "none of its 2 blocks is complete yet") in stderr
        assert "[y/N]" not in stderr, "no one is there to answer"
    assert wattbench("runs", "compare", root).returncode == 2  # nothing partial looks whole
    before = RunLayout(root).answers("adder", "sums").read_bytes()
    asked = (tmp_path / "calls.txt").read_text().splitlines()

    done = wattbench("run", "--resume", root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(root)
    check_resumed(root, before, (tmp_path / "calls.txt").read_text().splitlines()[len(asked) :])

    again = wattbench("run", "--resume", root)
    assert again.returncode == 0
    assert "finished already" in again.stderr
    assert wattbench("runs", "compare", root).returncode == 0


@pytest.mark.parametrize("answered", [1, 39])
def test_a_kill_in_any_block_loses_and_doubles_nothing(answered: int, interrupted, wattbench, tmp_path: Path) -> None:
    root, _, _ = interrupted(signal.SIGKILL, answered)
    before = RunLayout(root).answers("adder", "sums").read_bytes()
    calls = len((tmp_path / "calls.txt").read_text().splitlines())
    seed = read_run(root).block_plan().seed
    assert wattbench("run", "--resume", root).returncode == 0
    check_resumed(root, before, (tmp_path / "calls.txt").read_text().splitlines()[calls:])
    assert read_run(root).block_plan().seed == seed


def test_a_kill_leaves_the_energy_of_what_was_answered(interrupted, wattbench) -> None:
    root, _, _ = interrupted(signal.SIGKILL)
    assert len(read_run(root).open_windows()) == 1
    assert wattbench("run", "--resume", root).returncode == 0
    recovered = [window for window in read_run(root).windows() if any("interrupted" in r for r in window.reasons)]
    assert len(recovered) == 1
    last = max(row.finished_s for row in read_run(root).answers("adder", "sums") if row.window == recovered[0].window)
    assert recovered[0].finished_s == pytest.approx(last)


def forget_readings(trace: Path) -> None:
    """Leave a trace as a kill leaves it that comes before its first readings are on disk.

    With readings, a window of 0.4 s may be valid, and on a busy machine an answer takes that long.
    """
    trace.write_text(trace.read_text().splitlines(keepends=True)[0])


def test_a_block_whose_joules_a_kill_spoiled_is_asked_again(interrupted, wattbench) -> None:
    root, _, _ = interrupted(signal.SIGKILL, answered=1, busy="retry")
    (label,) = read_run(root).open_windows()
    forget_readings(RunLayout(root).trace("adder", None, label.block))
    resumed = wattbench("run", "--resume", root)
    assert resumed.returncode == 0, resumed.stderr
    blocks = read_run(root).blocks()
    (spoiled,) = [row for row in blocks if row.interrupted]
    assert spoiled.interrupted == ["adder"]
    assert max(row.attempt for row in blocks if row.number == spoiled.number) > spoiled.attempt
    items = pd.read_parquet(RunLayout(root).items_table)
    assert sorted(items[items["system"] == "adder"]["doc_id"]) == list(range(40))
    if not spoiled.contended:
        assert "asked again because the run was interrupted meanwhile" in resumed.stderr


def test_a_run_that_was_changed_is_not_resumed(interrupted, wattbench) -> None:
    root, _, _ = interrupted(signal.SIGKILL)
    header = (root / "run.json").read_text()
    (root / "run.json").write_text(header.replace('"items": 40', '"items": 39'))
    refused = wattbench("run", "--resume", root)
    assert refused.returncode == 2
    assert "cannot be resumed: run.json is not as it was written" in refused.stderr
    assert "Traceback" not in refused.stderr
    (root / "run.json").write_text(header)
    assert wattbench("run", "--resume", root).returncode == 0
