"""Kill a part of a run on a cluster at a moment, bring the run to its end, and say what was lost, doubled or left."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from benchmarks.cluster_kills.hosts import NAMES, Hosts, environment_of, processes
from benchmarks.kills.checks import after_resumption
from benchmarks.kills.records import content_of, items_of, runs_in
from benchmarks.kills.subjects import POWER

DATA = Path(__file__).parents[2] / "tests" / "data"
SUITE = """
name: sums
meters: [{use: replay, trace: power.csv, repeat: true}]
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic}]}
systems:
  define:
    adder: {kind: specialist, domain: arithmetic, engine: python, call: "./answers.py:add"}
    small: {kind: generalist, engine: python, call: "./answers.py:add_small"}
measure: {idle_s: 0.15, warmup: 1, min_window_s: 0.15, blocks: 8}
"""
ENDS_S = 180.0
"""A run may take this long after a kill."""
GONE_S = 30.0
"""How soon after a driver no worker of it may be left."""
Part = Literal["worker", "actor", "node", "driver"]
PARTS: tuple[Part, ...] = ("worker", "node", "driver", "actor")


@dataclass(frozen=True)
class ClusterKill:
    """One kill, and what came of it."""

    hosts: str
    part: Part
    asking: bool
    """Whether the moment is counted from the first answer; else from the run's directory, as workers start."""
    after_s: float
    killed: bool
    """False: the run had ended."""
    blocks_before: int
    """How many blocks were complete then."""
    resumed: bool
    problems: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Single:
    """The run of one machine, without a cluster, with which those of the cluster are compared."""

    content: Any
    scores: dict[str, bytes]


def single(folder: Path) -> Single:
    """Run the suite on this machine alone."""
    _prepare(folder)
    _wattbench(folder, "run", "suite.yaml").communicate()
    (root,) = runs_in(folder / "runs")
    return Single(content_of(root), scores_of(root))


def scores_of(root: Path) -> dict[str, bytes]:
    """Return the bytes of every file of scores."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted((root / "scores").rglob("*.jsonl"))}


def seconds_undisturbed(hosts: Hosts, folder: Path) -> tuple[float, float]:
    """Return how long a run on the cluster takes from its directory to its first answer, and from there to its end."""
    _prepare(folder)
    driver = _wattbench(folder, "run", "suite.yaml", "--cluster", hosts.address)
    root = _begun(folder, driver)
    began_s = time.monotonic()
    _answered(root, driver)
    answered_s = time.monotonic()
    driver.communicate()
    return answered_s - began_s, time.monotonic() - answered_s


def kill(
    hosts: Hosts,
    kind: str,
    hosts_folder: Path,
    folder: Path,
    part: Part,
    asking: bool,
    after_s: float,
    draw: random.Random,
    of: Single,
) -> ClusterKill:
    """Run the suite, kill a part of it, and finish the run: by itself, or by `--resume` where the driver was killed."""
    _prepare(folder)
    driver = _wattbench(folder, "run", "suite.yaml", "--cluster", hosts.address)
    root = _begun(folder, driver)
    if asking:
        _answered(root, driver)
    time.sleep(after_s)
    blocks = len([*root.glob("shards/*/finished.json")])
    alive = driver.poll() is None and not (root / "finished.json").exists()
    problems: list[str] = []
    name = draw.choice(NAMES)
    killed = alive and _kill(hosts, hosts_folder, driver, part, name)
    if killed and part == "node":
        time.sleep(1.0)
        hosts.start(name)
    resumed = killed and part == "driver"
    if resumed:
        driver.wait()
        problems += _outlived(hosts_folder)
        driver = _wattbench(folder, "run", "--resume", str(root), "--cluster", hosts.address)
    try:
        _, stderr = driver.communicate(timeout=ENDS_S)
    except subprocess.TimeoutExpired:
        os.killpg(driver.pid, signal.SIGKILL)
        _, stderr = driver.communicate()
        problems.append("it did not end: " + "; ".join(stderr.splitlines()[-3:]))
    if driver.returncode:
        problems.append(f"exit code {driver.returncode}: " + "; ".join(stderr.splitlines()[-3:]))
    elif "Traceback" in stderr:
        problems.append("a traceback was printed")
    else:
        problems += _compared(root, of)
        problems += _outlived(hosts_folder)
    done = ClusterKill(kind, part, asking, round(after_s, 2), killed, blocks, resumed, tuple(problems))
    if not problems:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        (folder / "stderr.txt").write_text(stderr)
    return done


def _prepare(folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copytree(DATA / "tasks", folder / "tasks")
    shutil.copy(DATA / "answers.py", folder)
    (folder / "power.csv").write_text(POWER + "\n")
    (folder / "suite.yaml").write_text(SUITE)


def _wattbench(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "wattbench", *words],
        cwd=folder, env=environment_of(folder, "driver"), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _begun(folder: Path, driver: subprocess.Popen[str]) -> Path:
    """Wait until a run has a directory, and return it."""
    while not (runs := runs_in(folder / "runs")):
        if driver.poll() is not None:
            raise RuntimeError(f"no run was begun: {driver.communicate()[1]}")
        time.sleep(0.02)
    return runs[0]


def _answered(root: Path, driver: subprocess.Popen[str]) -> None:
    """Wait until an answer of a run has come."""
    while driver.poll() is None and not any(root.glob("shards/*/items/*/*.jsonl")):
        time.sleep(0.02)


def _kill(hosts: Hosts, folder: Path, driver: subprocess.Popen[str], part: Part, name: str) -> bool:
    """Kill a part of a run; return whether there was one."""
    if part == "driver":
        os.killpg(driver.pid, signal.SIGKILL)
    elif part == "node":
        hosts.kill(name)
    else:
        until_s = time.monotonic() + GONE_S
        while not (workers := processes(folder, "block_worker", name)):  # it may not have been started yet
            if driver.poll() is not None or time.monotonic() > until_s:
                return False
            time.sleep(0.05)
        with suppress(psutil.Error):
            (workers[0] if part == "worker" else workers[0].parent() or workers[0]).kill()
    return True


def _outlived(hosts_folder: Path) -> Iterator[str]:
    """Yield the workers that are left after their driver."""
    until_s = time.monotonic() + GONE_S
    while (left := processes(hosts_folder, "block_worker")) and time.monotonic() < until_s:
        time.sleep(0.1)
    yield from (f"worker {process.pid} outlived its driver" for process in left)


def _compared(root: Path, of: Single) -> Iterator[str]:
    """Yield what a finished run has lost, doubled or left, and where it differs from that of one machine."""
    yield from after_resumption(root, {})
    if content_of(root) != of.content:
        yield "its answers are not those of one machine"
    if scores_of(root) != of.scores:
        yield "its scores are not those of one machine, byte for byte"
    if len(items_of(root)) != len(of.content):
        yield f"it has {len(items_of(root))} answers, and one machine {len(of.content)}"
    yield from (f"left {path.name}" for path in root.iterdir() if path.name in ("shards", "merged"))
