"""`wattbench gate`: what it prints, writes and exits with, and what is left when it is cut off."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from tests.commands import wait_until
from wattbench.records import RunRecords, read_run

ACCURACY_ALONE = "block: 4\nalpha: 0.2\nmetrics: {accuracy: {margin: 5 points}}\n"
"""Decided in a few rounds of sums, whatever the machine does meanwhile."""
QUICK = ("{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}", "{idle_s: 0, warmup: 1, min_window_s: 0.1}")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(ACCURACY_ALONE)
    return tmp_path / "policy.yaml"


def the_run(tmp_path: Path) -> RunRecords:
    [root] = (tmp_path / "runs").iterdir()
    return read_run(root)


def test_a_regression_is_found_and_told_everywhere(wattbench, suite, policy: Path, tmp_path: Path, environment) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    environment |= {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    files = ("--junit", "out/j.xml", "--markdown", "out/m.md", "--json", "out/v.json", "--report", "out/r.html")
    always_wrong = suite(QUICK, ("answers.py:add_small", "answers.py:wrong"))
    done = wattbench("gate", always_wrong, "--baseline", "adder", "--candidate", "small", "--policy", policy, *files)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "REGRESSED" in done.stdout
    assert "\n::error " in done.stdout
    assert ElementTree.parse(tmp_path / "out" / "j.xml").getroot().find(".//failure") is not None
    assert json.loads((tmp_path / "out" / "v.json").read_text())["verdict"] == "regressed"
    assert summary.read_text() == f"# Before\n{(tmp_path / 'out' / 'm.md').read_text()}"
    assert "small" in (tmp_path / "out" / "r.html").read_text()

    run = the_run(tmp_path)
    assert run.finished
    asked = Counter(pd.read_parquet(run.layout.items_table)["system"])
    assert asked["adder"] == asked["small"] < 40  # it stopped when it knew
    assert str(policy) in run.header.gate["policy_source"]
    assert wattbench("runs", "compare", run.layout.root).returncode == 0
    again = wattbench("gate", run.layout.root, "--no-github")
    assert (again.returncode, again.stdout) == (1, done.stdout[: done.stdout.index("::error ")])
    refused = wattbench("run", "--resume", run.layout.root)
    assert (refused.returncode, "wattbench gate --resume" in refused.stderr) == (2, True)


def test_a_system_against_itself_passes_and_a_drill_on_it_does_not(wattbench, suite, tmp_path: Path) -> None:
    path = suite(QUICK)
    path.write_text(path.read_text() + "\ngate: {block: 4, metrics: {accuracy: {margin: 30 points}}}\n")
    both = ("--baseline", "adder", "--candidate", "adder")
    done = wattbench("gate", path, *both, "--out", "alike")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "adder.candidate" in done.stdout
    assert "judged by the suite" in done.stderr
    fails = "With 40 items this gate fails a worsening by more than 30 points of accuracy."
    assert fails in done.stderr
    assert fails in wattbench("suites", "plan", path, "--load").stdout
    drill = wattbench("gate", path, *both, "--out", "drill", "--plant", "drop=90%")
    assert drill.returncode == 1, drill.stdout + drill.stderr
    [root] = (tmp_path / "drill").iterdir()
    assert read_run(root).header.gate["planted"] == {"drop": 0.9}


def test_too_few_items_tell_nothing(wattbench, suite, policy: Path) -> None:
    done = wattbench(
        "gate", suite(QUICK), "--baseline", "adder", "--candidate", "adder", "--policy", policy, "--limit", 2
    )
    assert done.returncode == 2, done.stderr
    assert "INCONCLUSIVE" in done.stdout
    assert done.stderr.startswith("WARNING: This gate can never pass: with 2 items")


def test_an_engine_that_fails_is_an_error_and_its_record_stays(wattbench, suite, policy: Path, tmp_path: Path) -> None:
    done = wattbench(
        "gate", suite(QUICK, ("answers.py:add_small", "answers.py:fail")), "--baseline", "adder", "--candidate",
        "small", "--policy", policy, "--json", "v.json", "--junit", "j.xml", "--markdown", "m.md",
    )  # fmt: skip
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert "system 'small': its callable raised RuntimeError: no idea" in done.stderr
    run = the_run(tmp_path)
    assert not run.finished
    # Which side is asked first is drawn: where it is the other one, its answers are kept.
    kept = any(path.stat().st_size for path in run.layout.root.rglob("items/*/*.jsonl"))
    assert ("resume with: wattbench gate --resume" in done.stderr) == kept
    assert ("No answer was recorded" in done.stderr) != kept
    told = json.loads((tmp_path / "v.json").read_text())
    assert told["verdict"] == "error"
    assert "no idea" in told["headline"]
    assert ElementTree.parse(tmp_path / "j.xml").getroot().find(".//error") is not None
    assert "no idea" in (tmp_path / "m.md").read_text()


@pytest.fixture
def cut_off(tmp_path: Path, suite, start, policy: Path) -> Callable[[signal.Signals], tuple[str, int]]:
    """Start a gate of slow systems, and end it with a signal in its fifth round or later."""

    def run_and_end(how: signal.Signals) -> tuple[str, int]:
        slow = suite(
            (QUICK[0], QUICK[1].replace("warmup: 1", "warmup: 0")), ('answers.py:add"', 'answers.py:add_slowly"')
        )
        process = start("gate", slow, "--baseline", "adder", "--candidate", "adder", "--policy", policy)
        answers = "runs/*/items/adder/sums.jsonl"
        wait_until(lambda: any(path.read_bytes().count(b"\n") > 4 for path in tmp_path.glob(answers)), process)
        process.send_signal(how)
        _, stderr = process.communicate(timeout=60)
        return stderr, process.returncode

    return run_and_end


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_gate_that_was_cut_off_is_resumed(how: signal.Signals, cut_off, wattbench, tmp_path: Path) -> None:
    stderr, code = cut_off(how)
    run = the_run(tmp_path)
    assert not run.finished
    assert len(run.rounds()) >= 4
    if how == signal.SIGINT:
        assert code == 130
        assert "wattbench gate --resume runs/" in stderr
        assert "Traceback" not in stderr
    before = run.layout.rounds.read_bytes()
    answered = {("sums", row.doc_id) for name in ("adder", "adder.candidate") for row in run.answers(name, "sums")}
    torn = answered - {item for row in run.rounds() for item in row.items}
    done = wattbench("gate", "--resume", run.layout.root)
    assert done.returncode in (0, 2), done.stderr
    assert ("of an interrupted round is left out" in done.stderr) == bool(torn)
    assert run.layout.rounds.read_bytes().startswith(before)
    counted = Counter(doc_id for row in run.rounds() for _, doc_id in row.items)
    assert set(counted.values()) == {1}
    items = pd.read_parquet(run.layout.items_table)
    assert all(set(own["doc_id"]) == set(counted) for _, own in items.groupby("system"))
    again = wattbench("gate", "--resume", run.layout.root)
    assert (again.returncode, again.stdout) == (done.returncode, done.stdout)
    assert "finished already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "name a suite (with --baseline and --candidate), one or two runs"),
        (("SUITE",), "name the two systems with --baseline and --candidate"),
        (("SUITE", "--baseline", "adder", "--candidate", "small", "--across", "all"), "--across does not go with"),
        (("SUITE", "--baseline", "adder", "--candidate", "small", "--policy", "p.toml"), "p.toml: no such file"),
        (("--resume", "nowhere"), "nowhere: no such run directory"),
        (("--resume", "nowhere", "--limit", "3"), "--limit does not go with --resume"),
        (("SUITE", "--resume", "nowhere"), "one of the two"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_an_error_with_a_verdict(
    wattbench, suite, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    done = wattbench("gate", *(suite() if each == "SUITE" else each for each in arguments), "--json", "v.json")
    assert done.returncode == 3, done.stderr
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert json.loads((tmp_path / "v.json").read_text())["verdict"] == "error"
    assert not (tmp_path / "runs").exists()


def test_a_calibration_that_is_not_there_ends_a_gate_before_it_starts(wattbench, suite, policy, tmp_path: Path) -> None:
    policy.write_text(policy.read_text() + "calibration: noise.json\n")
    done = wattbench("gate", suite(), "--baseline", "adder", "--candidate", "adder", "--policy", policy)
    assert done.returncode == 3
    assert f"{tmp_path / 'noise.json'}" in done.stderr
    assert not (tmp_path / "runs").exists()
