"""A machine that stops at any fsync: what was reported as written is there, and the run is finished with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.e2e.conftest import Wattbench
from tests.made_up.power_cuts import restored, states
from tests.made_up.traced_calls import TRACE, Order

ROOT = Path(__file__).parents[2]
CUTS = int(os.environ.get("WATTBENCH_CUTS", "4"))
"""How many of the states are resumed."""
QUICK = ("idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2", "idle_s: 0.2, warmup: 1, min_window_s: 0.2, blocks: 4")


def run_python(*arguments: object, cwd: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*map(str, arguments)], cwd=cwd, env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture
def recorded(tmp_path: Path, suite, environment: dict[str, str]) -> Path:
    """Record all states of a run, and return the folder that has them."""
    for name in ("store", "runs"):
        (tmp_path / name).mkdir()
    arguments = ("-m", "tests.made_up.power_cuts", "store", "runs", "run", suite(QUICK))
    run_python(sys.executable, *arguments, cwd=tmp_path, environment=environment)
    shutil.rmtree(tmp_path / "runs")
    return tmp_path / "store"


def test_a_machine_that_stops_at_an_fsync_loses_and_doubles_nothing(
    recorded: Path, tmp_path: Path, wattbench: Wattbench
) -> None:
    number = states(recorded)
    assert number > 200
    for at in [number * (2 * each + 1) // (2 * CUTS) for each in range(CUTS)]:
        reported = restored(recorded, at, tmp_path / "runs")
        if not list((tmp_path / "runs").glob("*/run.json")):  # it stopped before there was a run
            assert not reported, at
            shutil.rmtree(tmp_path / "runs")
            continue
        (root,) = (tmp_path / "runs").iterdir()
        before = {name: (tmp_path / "runs" / name).read_bytes() for name in reported}
        assert all(data.count(b"\n") >= reported[name] for name, data in before.items()), f"lost at state {at}"
        resumed = wattbench("run", "--resume", root)
        assert resumed.returncode == 0, (at, resumed.stderr)
        assert all((tmp_path / "runs" / name).read_bytes().startswith(data) for name, data in before.items()), at
        items = pd.read_parquet(root / "items.parquet")
        assert sorted(zip(items["system"], items["doc_id"], strict=True)) == [
            (system, document) for system in ("adder", "small") for document in range(40)
        ]
        assert wattbench("runs", "verify", root).returncode == 0, at
        shutil.rmtree(tmp_path / "runs")


def test_a_run_whose_traces_were_spoiled_is_resumed_without_them(
    recorded: Path, tmp_path: Path, wattbench: Wattbench
) -> None:
    restored(recorded, states(recorded) // 2, tmp_path / "runs")
    (root,) = (tmp_path / "runs").iterdir()
    traces = sorted(root.glob("power/*/*.csv"))
    for trace in traces:
        trace.write_bytes(b"at\xfb\xff," * 300)
    assert wattbench("run", "--resume", root).returncode == 0
    verified = wattbench("runs", "verify", root)
    assert verified.returncode == 0
    assert "their readings cannot be read (power/" in verified.stdout
    assert wattbench("runs", "report", root, "-o", "page.html").returncode == 0
    assert "is not shown (power/" in (tmp_path / "page.html").read_text()


def can_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or not allowed")
@pytest.mark.parametrize("command", ["run", "import"])
def test_nothing_is_named_before_it_is_on_disk(
    command: str, tmp_path: Path, suite, environment: dict[str, str]
) -> None:
    rows = [f"{item},{system},t,1,x,0.5" for item in range(20) for system in "ab"]
    (tmp_path / "t.csv").write_text("\n".join(["item,system,task,correct,output,seconds", *rows, ""]))
    arguments = ["run", suite(QUICK)] if command == "run" else ["runs", "import", "t.csv", "--out", "runs/deep"]
    program = (*TRACE, "-o", "calls", sys.executable, "-m", "wattbench", *arguments)
    run_python(*program, cwd=tmp_path, environment=environment)
    order = Order(tmp_path, tmp_path, known={tmp_path / "calls"}).read(tmp_path / "calls")
    assert order.problems == []
    assert order.finished == 1
    left = [path for path in (*order.dirty, *order.unnamed) if path.is_relative_to(tmp_path / "runs")]
    assert left == []
