"""Kill a part of a run on a cluster at a moment, bring the run to its end, and say what was lost, doubled or left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Literal

import psutil

from benchmarks.cluster_kills.hosts import NAMES, Hosts, environment_of, processes
from benchmarks.kills.checks import after_resumption
from benchmarks.kills.records import content_of, items_of, runs_in
from benchmarks.kills.subjects import POWER
from benchmarks.kills.subjects import SUITE as SUMS
from benchmarks.kills.work_folder import DATA

SUITE = f"{SUMS}measure: {{idle_s: 0.15, warmup: 1, min_window_s: 0.15, blocks: 20}}\n"
START_S, BETWEEN_S = 30.0, 6.0
"""The first kill of a run comes within this time of its beginning; each further one of a complete block."""
ENDS_S = 240.0
"""A run may take this long after a kill."""
GONE_S = 30.0
"""How soon after a driver no worker of it may be left."""
Part = Literal["worker", "actor", "node", "driver"]
PARTS: tuple[Part, ...] = ("worker", "node", "driver", "actor")


@dataclass(frozen=True)
class ClusterKill:
    """One kill."""

    hosts: str
    run: int
    """Which of the runs it was in."""
    part: Part
    after_s: float
    """Seconds since its run had begun, or since a block was complete after the kill before."""
    blocks_before: int
    """How many blocks were complete then."""
    problems: tuple[str, ...] = ()
    """Of its run, with the last kill in it."""

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


def killed_run(
    hosts: Hosts,
    kind: str,
    hosts_folder: Path,
    folder: Path,
    number: int,
    parts: Sequence[Part],
    draw: Random,
    of: Single,
) -> list[ClusterKill]:
    """Run the suite, kill parts of it, and finish the run: by itself, or by `--resume` where the driver was killed.

    Returns:
        The kills: fewer than `parts` where the run ended before.
    """
    _prepare(folder)
    driver = _wattbench(folder, "run", "suite.yaml", "--cluster", hosts.address)
    root = _begun(folder, driver)
    kills: list[ClusterKill] = []
    problems: list[str] = []
    complete = 0
    for count, part in enumerate(parts):
        if count:
            _wait(lambda: _complete(root) > complete, driver)  # noqa: B023 - called before it changes
        after_s = draw.uniform(0.0, START_S if count == 0 else BETWEEN_S)
        time.sleep(after_s)
        name, complete = draw.choice(NAMES), _complete(root)
        if (
            driver.poll() is not None
            or (root / "merged").exists()
            or not _kill(hosts, hosts_folder, driver, part, name)
        ):
            break
        kills.append(ClusterKill(kind, number, part, round(after_s, 2), complete))
        if part == "node":
            time.sleep(1.0)
            hosts.start(name)
        if part == "driver":
            driver.communicate()
            problems += _outlived(hosts_folder)
            driver = _wattbench(folder, "run", "--resume", str(root), "--cluster", hosts.address)
    problems += _ended(driver, folder) or [*_compared(root, of), *_outlived(hosts_folder)]
    if not problems:
        shutil.rmtree(folder, ignore_errors=True)
    elif not kills:
        raise RuntimeError(f"without any kill: {problems}")
    return [*kills[:-1], replace(kills[-1], problems=tuple(problems))] if kills else []


def _ended(driver: subprocess.Popen[str], folder: Path) -> list[str]:
    """Wait for the end of a driver, and return what is wrong with it."""
    try:
        _, stderr = driver.communicate(timeout=ENDS_S)
    except subprocess.TimeoutExpired:
        os.killpg(driver.pid, signal.SIGKILL)
        return ["it did not end: " + "; ".join(driver.communicate()[1].splitlines()[-3:])]
    (folder / "stderr.txt").write_text(stderr)
    if driver.returncode:
        return [f"exit code {driver.returncode}: " + "; ".join(stderr.splitlines()[-3:])]
    return ["a traceback was printed"] if "Traceback" in stderr else []


def _complete(root: Path) -> int:
    return len([*root.glob("shards/*/finished.json")])


def _wait(until: Callable[[], bool], driver: subprocess.Popen[str]) -> None:
    while driver.poll() is None and not until():
        time.sleep(0.02)


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
