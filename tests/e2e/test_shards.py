"""Shards as a scheduler starts them, by the scripts of docs/many-machines.md and docs/running.md, and their merge."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.commands import write_program
from tests.docs.snippets import snippets
from wattbench.api.verify import verify
from wattbench.distributed.shard_choice import shard_choice
from wattbench.records import read_run

KEYS = ["system", "task", "doc_id", "repeat", "block", "attempt", "batch", "correct", "doc_hash", "output", "target"]
WAIT_S = 300
"""For an array of Slurm."""


def only(page: str, start: str) -> str:
    [text] = [each.text for each in snippets() if each.page == page and each.first.startswith(start)]
    return text


@pytest.fixture
def quick(two_blocks: Callable[[int], Path]) -> Path:
    """Write a suite under the name of the docs."""
    return two_blocks(12)


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    (tmp_path / "locks").mkdir()
    return environment | {"WATTBENCH_WATCH": "off", "WATTBENCH_LOCKS": str(tmp_path / "locks")}


@pytest.fixture
def shell(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script with `wattbench`, and with an `srun` that starts what it is given."""
    commands = tmp_path / "bin"
    commands.mkdir()

    def run(script: str, wattbench: str, **variables: str) -> subprocess.CompletedProcess[str]:
        for name, text in (("wattbench", wattbench), ("srun", 'case "$1" in -*) echo "$@" ;; *) exec "$@" ;; esac')):
            (commands / name).write_text(f"#!/bin/sh\n{text}\n")
            (commands / name).chmod(0o755)
        path = f"{commands}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["sh", "-eu", "-c", script], cwd=tmp_path, env=environment | variables | {"PATH": path},
            check=False, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    return run


def of_array(task: int, tasks: int) -> Mapping[str, str]:
    """Return the variables that Slurm sets in a task of an array that begins with 1."""
    return {
        "SLURM_ARRAY_JOB_ID": "4711", "SLURM_ARRAY_TASK_ID": str(task), "SLURM_ARRAY_TASK_COUNT": str(tasks),
        "SLURM_JOB_ID": str(4711 + task),
    }  # fmt: skip


def test_an_array_and_its_merge_are_one_run(quick: Path, shell, wattbench, tmp_path: Path) -> None:
    script = only("docs/many-machines.md", "#!/bin/sh")
    write_program(tmp_path)
    first = shell(script, f'exec "{tmp_path}/wattbench" "$@"', **of_array(1, 3))
    root = tmp_path / first.stdout.strip()
    assert read_run(root).header.shard == {"blocks": [0], "of": 3, "seed": 4711}
    said = "asked block 1 of 3. When all are, merge them with: wattbench runs merge shards -o shards/merged"
    assert said in first.stderr

    missing = wattbench("runs", "merge", "shards", "-o", "merged")
    assert missing.returncode == 2
    assert "blocks 2-3 of 3 are missing. Ask with: wattbench run suite.yaml --block 2-3/3 --seed 4711" in missing.stderr
    command = shlex.split(missing.stderr.partition("Ask with: wattbench ")[2])
    assert wattbench(*command).returncode == 0
    done = wattbench("runs", "merge", "shards", "-o", "merged")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "merged"
    assert "adder" in done.stderr  # the advice

    whole = wattbench("run", quick, "--block", "1-3/3", "--seed", "4711", "--out", "whole")
    records, one = read_run(tmp_path / "merged"), read_run(tmp_path / whole.stdout.strip())
    for path in sorted((one.layout.root / "scores").rglob("*.jsonl")):
        assert (tmp_path / "merged" / path.relative_to(one.layout.root)).read_bytes() == path.read_bytes()
    items, of_one = (pd.read_parquet(each.layout.items_table)[KEYS] for each in (records, one))
    pd.testing.assert_frame_equal(items, of_one)
    assert all(not check.problems for check in verify(tmp_path / "merged").checks)


def test_what_the_pages_start_asks_each_block_once(shell, tmp_path: Path) -> None:
    job = yaml.safe_load(only("docs/many-machines.md", "apiVersion"))["spec"]
    (container,) = job["template"]["spec"]["containers"]
    texts = [
        words_of(shell(container["args"][0], 'echo "$@"', JOB_COMPLETION_INDEX=str(index)).stdout)["--block"]
        for index in range(job["completions"])
    ]
    assert [block for text in texts for block in shard_choice(text).blocks] == list(range(16))

    for line in only("docs/running.md", "wattbench run SUITE --block").splitlines():
        words = words_of(line.partition("#")[0])
        assert "-o" in words or shard_choice(words["--block"], int(words["--seed"])).of == 16
    after = shell(
        f'sbatch() {{ test "$2" = shards.sh && echo 17; }}\n{only("docs/many-machines.md", "mkdir -p shards")}',
        'echo "$@"',
    )
    assert after.stdout.split() == ["--dependency=afterany:17", "wattbench", "runs", "merge", "shards", "-o", "merged"]


def slurm_runs() -> bool:
    """Return whether a controller answers."""
    try:
        asked = subprocess.run(["sinfo", "--noheader"], check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and bool(asked.stdout.strip())


@pytest.mark.skipif(not slurm_runs(), reason="no Slurm runs here")
def test_an_array_of_which_a_task_is_cancelled_is_one_run(
    quick: Path,
    environment: dict[str, str],
    wattbench,
    tmp_path: Path,
) -> None:
    def call(script: str, seconds: float = WAIT_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", script], cwd=tmp_path, env=os.environ | environment, check=False, capture_output=True,
            text=True, timeout=seconds,
        )  # fmt: skip

    (tmp_path / "shards.sh").write_text(only("docs/many-machines.md", "#!/bin/sh"))
    start, merge = only("docs/many-machines.md", "mkdir -p shards").split("srun ")
    start = start.replace("--parsable", "--parsable --array=1-3%1 --gres=none")
    begun = call(f'{start}echo "$job"')
    assert begun.returncode == 0, begun.stderr
    job = begun.stdout.strip()
    until = time.monotonic() + WAIT_S
    while f"{job}_2" not in call(f"squeue --noheader --array --states=running --jobs={job} --format=%i").stdout:
        assert time.monotonic() < until
        time.sleep(0.05)
    call(f"scancel {job}_2")

    first = call(f"job={job}\nsrun {merge}")
    assert first.returncode != 0
    assert "block 2 of 3 is missing" in first.stderr, first.stderr
    left = first.stderr.partition("Ask with: wattbench ")[2].splitlines()[0].partition(" (on ")[0].split()
    assert wattbench(*left).returncode == 0
    second = call(f"job={job}\nsrun {merge}")
    assert second.returncode == 0, second.stderr
    whole = wattbench("run", quick, "--out", "whole").stdout.strip()
    for path in sorted((tmp_path / whole / "scores").rglob("*.jsonl")):
        assert (tmp_path / "merged" / path.relative_to(tmp_path / whole)).read_bytes() == path.read_bytes()
    assert all(not check.problems for check in verify(tmp_path / "merged").checks)


def words_of(line: str) -> dict[str, str]:
    """Return each word of a command to the word after it."""
    words = shlex.split(line)
    return dict(zip(words, [*words[1:], ""], strict=True))
