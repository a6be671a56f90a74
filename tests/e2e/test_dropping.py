"""A run stops asking a system that cannot be chosen: what it says, records and reports; and where it cannot."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pandas as pd
import pytest

import wattbench
from wattbench.api.outputs import output_schema
from wattbench.api.verify import verify
from wattbench.records import read_run
from wattbench_reports.comparison.analysis import analyse

Wattbench = Callable[..., "subprocess.CompletedProcess[str]"]
PRICE = "price: {per_request: 0.01, currency: USD}"
"""Of each system, so that none costs less than another, whatever the machine does."""
THIRD = f'    hopeless: {{kind: generalist, engine: python, call: "./answers.py:wrong", {PRICE}}}\n    small: {{'
DATA = Path(__file__).parents[1] / "data"
INTERRUPTED = """

def interrupted(prompt):
    import pathlib, signal

    ended = pathlib.Path("ended")
    if not ended.exists() and any(pathlib.Path("runs").glob("*/looks.jsonl")):
        ended.touch()
        os.kill(os.getpid(), signal.SIGINT)
    return add(prompt)
"""
"""An answerer that interrupts its run after the first look, once."""
STOP = "stop: {min_accuracy: 0.3, minimise: money}"


@pytest.fixture
def eight_blocks(suite: Callable[..., Path]) -> Path:
    """Three systems, one of which answers nothing right, in eight blocks of five items."""
    return suite(
        ('answers.py:add"', f'answers.py:add", {PRICE}'),
        ('answers.py:add_small"', f'answers.py:add_small", {PRICE}'),
        ("    small: {", THIRD),
        (
            "idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2",
            f"idle_s: 0, warmup: 1, min_window_s: 0, blocks: 8, busy: mark, {STOP}",
        ),
    )


def problems_of(root: Path) -> list[str]:
    return [problem for check in verify(root).checks for problem in check.problems]


def test_a_hopeless_system_is_asked_no_more_and_all_say_so(
    eight_blocks: Path, wattbench: Wattbench, tmp_path: Path
) -> None:
    done = wattbench("run", eight_blocks, "--json", "--report", "page.html")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, output_schema("run"))
    root = tmp_path / printed["run"]
    records = read_run(root)

    looks = records.looks()
    assert [row.blocks for row in looks] == [5, 7]
    (row,) = looks[0].dropped
    assert (row.system, row.items, row.quantity, row.bound) == ("hopeless", 25, "accuracy", 0.3)
    assert row.figure is not None and row.figure.high is not None and row.figure.high < 0.3
    assert [set(block.order) for block in records.blocks()] == 5 * [{"adder", "hopeless", "small"}] + 3 * [
        {"adder", "small"}
    ]
    assert pd.read_parquet(root / "items.parquet").groupby("system").size().to_dict() == {
        "adder": 40, "hopeless": 25, "small": 40
    }  # fmt: skip
    assert all(0 < look.took_s < 60 for look in looks)

    reason = f"its accuracy is at most {100 * row.figure.high:.1f}%, and at least 30% is required"
    assert printed["left_out"] == {
        "systems": [{"system": "hopeless", "after_blocks": 5, "reason": reason}], "requests": 15, "of": 120
    }  # fmt: skip
    assert f"after block 5 of 8: hopeless is not asked any more: {reason}" in done.stderr
    assert "(after block 5: hopeless): 15 of 120 requests left out" in done.stderr
    assert "hopeless" in (tmp_path / "page.html").read_text()

    assert problems_of(root) == []
    again = wattbench("runs", "rescore", root, "--strip")
    assert again.returncode == 0, again.stderr
    rescored = tmp_path / again.stdout.strip().splitlines()[-1]
    assert (rescored / "looks.jsonl").read_bytes() == (root / "looks.jsonl").read_bytes()
    assert problems_of(rescored) == []
    said = [each.text for each in analyse(read_run(rescored)).comparison.caveats if each.code == "rescored"]
    assert said[0].endswith("Which systems were not asked to the end was decided by the earlier scores.")


def test_a_stopped_run_is_reported_and_resumed_with_the_systems_that_are_left(
    eight_blocks: Path, wattbench: Wattbench, tmp_path: Path
) -> None:
    answers, mine = DATA / "answers.py", tmp_path / "answers.py"
    text = eight_blocks.read_text().replace("answers.py:add_small", "answers.py:interrupted")
    eight_blocks.write_text(text.replace(str(answers), str(mine)))
    mine.write_text(answers.read_text() + INTERRUPTED)
    stopped = wattbench("run", eight_blocks)
    assert stopped.returncode == 130, stopped.stderr
    (root,) = (tmp_path / "runs").iterdir()
    looks = read_run(root).looks()
    assert [[row.system for row in look.dropped] for look in looks] == [["hopeless"]]
    assert (done := wattbench("runs", "report", "--so-far", root)).returncode == 0, done.stderr
    (part,) = [each for each in (tmp_path / "runs").iterdir() if each.is_dir() and each != root]
    assert read_run(part).looks() == looks
    assert problems_of(part) == []
    resumed = wattbench("run", "--resume", root)
    assert resumed.returncode == 0, resumed.stderr
    assert "hopeless is not asked any more" in resumed.stderr, "what was decided before is said again"
    assert read_run(root).looks()[:1] == looks
    assert pd.read_parquet(root / "items.parquet").groupby("system").size().to_dict() == {
        "adder": 40, "hopeless": 25, "small": 40
    }  # fmt: skip
    assert problems_of(root) == []


def test_the_figures_of_a_look_are_those_of_the_report_of_its_blocks(
    eight_blocks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    eight_blocks.write_text(eight_blocks.read_text().replace("blocks: 8", "blocks: 6"))
    run = wattbench.run(eight_blocks)
    (look,) = run.records.looks()
    (dropped,) = look.dropped
    assert dropped.accuracy is not None and dropped.cost is not None
    frame = pd.read_parquet(run.records.layout.items_table)
    of_system = frame[frame["system"] == "hopeless"]
    assert dropped.accuracy.estimate == of_system["correct"].mean() == 0
    assert (dropped.items, look.currency) == (len(of_system), "USD")
    assert dropped.cost.estimate == pytest.approx(0.01)
    assert "hopeless" not in analyse(run.records).measured.systems


@pytest.mark.parametrize("option", [("--block", "1/8"), ("--slots", "1")])
def test_several_processes_that_each_ask_some_blocks_ask_all_systems(
    option: tuple[str, ...], eight_blocks: Path, wattbench: Wattbench, tmp_path: Path
) -> None:
    done = wattbench("run", eight_blocks, *option)
    assert done.returncode == 2
    assert "measure.stop: which systems are asked on follows from all blocks" in done.stderr
    assert "Leave stop out, or set stop: false" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()
    if option[0] == "--block":
        eight_blocks.write_text(eight_blocks.read_text().replace(STOP, "stop: false"))
        assert wattbench("run", eight_blocks, *option).returncode == 0


def test_too_few_blocks_are_said(eight_blocks: Path, wattbench: Wattbench, tmp_path: Path) -> None:
    eight_blocks.write_text(eight_blocks.read_text().replace("blocks: 8", "blocks: 3"))
    done = wattbench("run", eight_blocks, "--limit", "9")
    assert done.returncode == 0, done.stderr
    assert "all systems are asked to the end: 3 blocks are too few" in done.stderr
    (root,) = (tmp_path / "runs").iterdir()
    assert read_run(root).looks() == []
