"""A run on a real Ray cluster of this machine: a worker and the driver are killed, and nothing is lost or doubled."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
import pytest

from tests.commands import wait_until, words
from wattbench.records import read_run

pytestmark = pytest.mark.slow
pytest.importorskip("ray")
AS_IT_IS = "{idle_s: 1.1, warmup: 2, min_window_s: 1.1, blocks: 2}"
FAST = "{idle_s: 0.1, warmup: 1, min_window_s: 0.1, blocks: 4}"
MARK = "TEST_CLUSTER"
"""The variable by which processes of a test are found: Ray starts them as children of its own."""


def processes(folder: Path, words: str = "") -> list[psutil.Process]:
    """The processes of the test in this folder with these words in their command line."""
    matches = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            running = process.status() != psutil.STATUS_ZOMBIE and words in " ".join(process.cmdline())
            if running and process.environ().get(MARK) == str(folder):
                matches.append(process)
    return matches


@pytest.fixture
def started(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Start `wattbench ARGUMENTS` with locks and a token of its own; Ray and its workers end with the test."""
    ray_folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # a socket's path has to be short
    variables = environment | {
        "WATTBENCH_LOCKS": str(tmp_path / "locks"), "WATTBENCH_WATCH": "off", "ANSWER_S": "0.02", MARK: str(tmp_path),
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_TMPDIR": ray_folder,
        "RAY_ADDRESS": "local",
    }  # fmt: skip

    def start(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words(*arguments), cwd=tmp_path, env=variables, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    yield start
    for process in processes(tmp_path):
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(ray_folder, ignore_errors=True)


def complete_shards(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("runs/*/shards/*/finished.json")}


def test_a_killed_worker_and_a_killed_driver_lose_and_double_nothing(tmp_path: Path, suite, started, wattbench) -> None:
    driver = started("run", suite((AS_IT_IS, FAST)), "--cluster", "ray")
    wait_until(lambda: any(tmp_path.glob("runs/*/shards/*/items/*/*.jsonl")), driver)
    (worker,) = processes(tmp_path, "block_worker")
    worker.kill()
    wait_until(lambda: len(complete_shards(tmp_path)) >= 1, driver)  # another took its place, and asked the block again
    os.killpg(driver.pid, signal.SIGKILL)
    _, stderr = driver.communicate(timeout=60)
    assert "was ended by SIGKILL; block 1 is asked again" in stderr
    assert "Traceback" not in stderr
    until_s = time.monotonic() + 60
    while processes(tmp_path, "block_worker"):  # they end with their driver
        assert time.monotonic() < until_s
        time.sleep(0.05)
    complete = complete_shards(tmp_path)

    (root,) = (tmp_path / "runs").iterdir()
    done = wattbench("run", "--resume", root)  # this machine alone finishes it
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(root)
    records = read_run(root)
    assert records.finished
    assert not (root / "shards").exists()
    merged = json.loads((root / "run.json").read_text())["merged"]
    assert complete <= {shard["run"] for shard in merged}  # what was complete was not asked again
    assert sorted(block for shard in merged for block in shard["blocks"]) == [0, 1, 2, 3]
    items = pd.read_parquet(records.layout.items_table)
    assert len(items) == 80
    assert not items.duplicated(["system", "task", "doc_id"]).any()
    verified = wattbench("runs", "verify", root)
    assert verified.returncode == 0, verified.stdout
