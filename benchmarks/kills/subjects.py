"""The commands that are killed: what they begin with, how they are resumed, and at which moments they die."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.kills.records import content_of, digests, items_of, runs_in, whole_runs_in
from benchmarks.kills.work_folder import DATA, WorkFolder

Words = Sequence[object]

POWER = "\n".join(
    ["at_s,component,power_w,energy_j", *(f"{i / 100:.2f},package,{20 + i % 7},{0.2 * i:.2f}" for i in range(3001))]
)
"""A recording of thirty seconds, which is played again and again."""
SUITE = """
name: sums
meters: [{use: replay, trace: power.csv, repeat: true}]
tasks: {include: [tasks], select: [{task: sums, domain: arithmetic}]}
systems:
  define:
    adder: {kind: specialist, domain: arithmetic, engine: python, call: "./answers.py:add"}
    small: {kind: generalist, engine: python, call: "./answers.py:add_small"}
"""
BLOCKS = "measure: {idle_s: 0.15, warmup: 1, min_window_s: 0.15, blocks: 3, busy: mark}\n"
"""What a kill or other work spoils is not asked again: each item is answered once."""
DROPS = BLOCKS.replace("blocks: 3", "blocks: 8, stop: {min_accuracy: 0.3, minimise: money}")
HOPELESS = '    hopeless: {kind: generalist, engine: python, call: "./answers.py:wrong"}\n'
"""A system that answers nothing right, so that it is not asked to the end."""
PRICED = "engine: python, price: {per_request: 0.01, currency: USD}"
"""No system costs less than another, whatever the machine does."""
JUDGE = """
def judge(prompt):
    answer = prompt.split("[answer ")[1].split("]", 1)[1].split("[end", 1)[0]
    return f"It has {len(answer.strip())} digits.\\nVerdict: {'pass' if len(answer.strip()) > 1 else 'fail'}"
"""
JUDGED = (
    SUITE.replace("domain: arithmetic}]", "domain: arithmetic, score: {judge: strict, rubric: rubric.md}}]")
    + "judges:\n  strict: {kind: generalist, engine: python, call: './judge.py:judge'}\n"
    + BLOCKS
)
CELLS = "measure: {idle_s: 0.15, warmup: 1, min_window_s: 0.15, window_s: 0.15, blocks: 1, SCENARIO}\n"
LOAD = """measure:
  {scenario: load, idle_s: 0.15, warmup: 1, min_window_s: 0.15,
   load: {rates_per_s: [120, 60], min_duration_s: 0.2, min_queries: 44, deadline_s: 60}}
"""
ENDPOINT = "    remote: {kind: generalist, engine: endpoint, base_url: URL}\n"
SERVED = (
    "    remote: {kind: generalist, engine: endpoint, base_url: 'http://127.0.0.1:{port}/v1',\n"
    "             serve: {command: COMMAND, timeout_s: 60}}\n"
)
GATE = "block: 4\nmetrics: {accuracy: {margin: 20 points}}\n"
RUN = "*/runs/[0-9]*-" + 6 * "[0-9a-f]"
ANSWERED = "*/items/*/sums.jsonl"


@dataclass(frozen=True)
class Subject:
    """A command, and what is known of it."""

    name: str
    """For the table."""
    arguments: Callable[[Path], Words]
    """In a folder."""
    again: Callable[[Path], Words | None]
    """What its message or the documentation says to run after a kill; None: nothing, as all is there."""
    moments: Sequence[str]
    prepare: Callable[[WorkFolder], object]
    """Make the files that it begins with."""
    result: Callable[[WorkFolder], Any]
    """What it has made, comparable with what it makes undisturbed."""
    exits: frozenset[int] = field(default=frozenset({0}))


def subjects(url: str) -> list[Subject]:
    """Return all subjects.

    Args:
        url: of a server on this machine that answers `tests/data`'s sums.
    """
    server = f"{shlex.quote(sys.executable)} {shlex.quote(str(Path(__file__).with_name('server.py')))} {{port}}"
    return [
        _run("run in blocks", SUITE + ENDPOINT.replace("URL", url) + BLOCKS, IN_BLOCKS),
        replace(
            _run("run that drops a system", (SUITE + HOPELESS).replace("engine: python", PRICED) + DROPS, DROPPING),
            result=lambda place: [_asked(root) for root in runs_in(place.folder / "runs")],
        ),
        _run("run with a judge", JUDGED, WITH_A_JUDGE),
        _run(
            "run by cells, a server asked in parallel",
            SUITE + ENDPOINT.replace("URL", url) + CELLS.replace("SCENARIO", "scenario: throughput, batch: 4"),
            BY_CELLS,
        ),
        _run(
            "run with a server that it starts",
            SUITE + SERVED.replace("COMMAND", json.dumps(server)) + BLOCKS,
            WITH_A_SERVER,
            ("--systems", "adder,remote"),
        ),
        _run("run of a shard", SUITE + BLOCKS, OF_A_SHARD, ("--block", "2-3/3", "--seed", "7")),
        MERGE,
        _run("load", SUITE + ENDPOINT.replace("URL", url) + LOAD, UNDER_LOAD, ("--systems", "adder,remote")),
        GATE_OF_TWO,
        NIGHT,
        BACKFILL,
        ADD,
        REBUILD,
        RESCORE,
        IMPORT,
    ]


def _asked(root: Path) -> Any:
    """Return what a run decided after which block, and how many answers each system gave. Its deal is drawn anew."""
    looks = [json.loads(line) for line in (root / "looks.jsonl").read_text().splitlines()]
    dropped = [(look["blocks"], look["systems"], [each["system"] for each in look["dropped"]]) for look in looks]
    return dropped, items_of(root).groupby("system").size().to_dict()


def _write_suite(place: WorkFolder, suite: str) -> None:
    shutil.copytree(DATA / "tasks", place.folder / "tasks")
    shutil.copy(DATA / "answers.py", place.folder)
    (place.folder / "power.csv").write_text(POWER + "\n")
    (place.folder / "suite.yaml").write_text(suite)
    (place.folder / "judge.py").write_text(JUDGE)
    (place.folder / "rubric.md").write_text("An answer of two digits is right.\n")
    (place.folder / "policy.yaml").write_text(GATE)


def _run(name: str, suite: str, moments: Sequence[str], more: Words = ()) -> Subject:
    def again(folder: Path) -> Words | None:
        begun = runs_in(folder / "runs")
        return ("run", "suite.yaml", *more) if not begun else ("run", "--resume", begun[0])

    return Subject(
        name=name,
        arguments=lambda folder: ("run", "suite.yaml", *more),
        again=again,
        moments=moments,
        prepare=lambda place: _write_suite(place, suite),
        result=lambda place: [content_of(root) for root in runs_in(place.folder / "runs")],
    )


IN_BLOCKS = (
    "after mkdir */runs/*", "after replace */run.json", "amid replace */run.json", "before replace */blocks.json",
    "before fsync */open-windows.jsonl 4", "after fsync */open-windows.jsonl 5", "amid fsync */open-windows.jsonl 7",
    f"before fsync {ANSWERED} 20", f"amid fsync {ANSWERED} 21", f"after fsync {ANSWERED} 47",
    "after fsync */passes.jsonl 2", "amid fsync */windows.jsonl 9", "before fsync */blocks.jsonl 1",
    "amid fsync */blocks.jsonl 2", "after fsync */blocks.jsonl 3", "after fsync */phases.jsonl 2",
    "before replace */scores/*/sums.jsonl 2", "amid replace */items.parquet", "after replace */items.parquet",
    "amid replace */windows.parquet", "before replace */finished.json", "amid replace */finished.json",
    "after replace */finished.json",
)  # fmt: skip
WITH_A_JUDGE = (
    "after replace */scores/*/sums.jsonl 2", "before fsync */judges.jsonl 1", "after fsync */judges.jsonl 1",
    "before fsync */judgements.jsonl 1", "amid fsync */judgements.jsonl 7", "after fsync */judgements.jsonl 60",
    "before fsync */judgements.jsonl 80", "after fsync */judgements.jsonl 80", "before replace */finished.json",
)  # fmt: skip
DROPPING = (
    "after fsync */blocks.jsonl 5", "after mkdir */.look-*", "before fsync */looks.jsonl 1",
    "amid fsync */looks.jsonl 1", "after fsync */looks.jsonl 1", f"amid fsync {ANSWERED} 80",
    "after fsync */blocks.jsonl 6", "after fsync */looks.jsonl 2", "before replace */finished.json",
)  # fmt: skip
BY_CELLS = (
    f"amid fsync {ANSWERED} 97", f"before fsync {ANSWERED} 100", "after fsync */open-windows.jsonl 12",
    "before fsync */windows.jsonl 12", "after replace */scores/*/sums.jsonl 1", "before replace */scores/remote/* 1",
    "before replace */finished.json",
)  # fmt: skip
WITH_A_SERVER = (
    "after fsync */open-windows.jsonl 1", "after fsync */open-windows.jsonl 6", f"before fsync {ANSWERED} 30",
    "before replace */finished.json",
)  # fmt: skip
OF_A_SHARD = (
    "after replace */run.json", "amid fsync */open-windows.jsonl 5", f"before fsync {ANSWERED} 20",
    f"amid fsync {ANSWERED} 33", "after fsync */blocks.jsonl 1", "before replace */finished.json",
)  # fmt: skip
UNDER_LOAD = (
    "after replace */run.json", "after fsync */open-windows.jsonl 4", "amid fsync */windows.jsonl 4",
    f"before fsync {ANSWERED} 10", f"amid fsync {ANSWERED} 60", f"after fsync {ANSWERED} 40",
    "before fsync */loads.jsonl 1", "after fsync */loads.jsonl 1", "amid fsync */loads.jsonl 3",
    "before replace */scores/*/sums.jsonl 1", "amid replace */items.parquet", "before replace */finished.json",
)  # fmt: skip


def _gate_again(folder: Path) -> Words | None:
    begun = runs_in(folder / "runs")
    return _gate(folder) if not begun else ("gate", "--resume", begun[0], "--json", "verdict.json")


def _gate(folder: Path) -> Words:
    return ("gate", "suite.yaml", "--baseline", "adder", "--candidate", "small", "--policy", "policy.yaml",
            "--json", "verdict.json")  # fmt: skip


GATE_OF_TWO = Subject(
    name="gate",
    arguments=_gate,
    again=_gate_again,
    moments=(
        "after replace */run.json", f"before fsync {ANSWERED} 3", f"amid fsync {ANSWERED} 6",
        "after fsync */open-windows.jsonl 6", "before fsync */rounds.jsonl 1", "after fsync */rounds.jsonl 1",
        "amid fsync */rounds.jsonl 2", "amid replace */items.parquet", "before replace */finished.json",
        "after replace */finished.json", "amid replace */verdict.json",
    ),
    prepare=lambda place: _write_suite(
        place, SUITE + BLOCKS.replace("idle_s: 0.15", "idle_s: 0").replace("blocks: 3", "blocks: auto")
    ),
    result=lambda place: (
        json.loads((place.folder / "verdict.json").read_text())["verdict"],
        len(runs_in(place.folder / "runs")),
    ),
    exits=frozenset({1}),
)  # fmt: skip


def _nights_before(place: WorkFolder) -> None:
    _write_suite(place, SUITE + BLOCKS)
    place.run("nightly", "suite.yaml", "--history", "nights", "--date", "2026-03-01", "--limit", 6)


def _night_again(folder: Path) -> Words | None:
    new = [root for root in runs_in(folder / "nights/runs") if "2026-03-02" in (root / "run.json").read_text()]
    if not new:
        return _night(folder)
    if not (new[0] / "finished.json").exists():
        return ("nightly", "--history", "nights", "--resume", new[0].name)
    return ("nightly", "--history", "nights")


def _night(folder: Path) -> Words:
    return ("nightly", "suite.yaml", "--history", "nights", "--date", "2026-03-02", "--limit", 6)


def _nights(place: WorkFolder) -> Any:
    listed = json.loads(place.run("runs", "history", "nights", "--format", "json").stdout)
    history = place.folder / "nights"
    return (
        [(row["date"], row["verdict"], row["notes"]) for row in listed],
        [content_of(root) for root in runs_in(history / "runs")],
        len([*(history / "verdicts").glob("*.json")]),
        sorted(path.name for path in (history / "site").iterdir()),
        "2026-03-02" in (history / "site/index.html").read_text(),
    )


NIGHT = Subject(
    name="nightly",
    arguments=_night,
    again=_night_again,
    moments=(
        "after replace */run.json", "after fsync */open-windows.jsonl 4", f"amid fsync {ANSWERED} 5",
        "before replace */finished.json", "after replace */finished.json", "before replace */.index/*",
        "amid replace */verdicts/*", "after replace */verdicts/*", "after mkdir */.sites/*",
        "after symlink */.sites/* 1", "after symlink */.sites/* 2", "before replace */nights/site",
        "after replace */nights/site",
    ),
    prepare=_nights_before,
    result=_nights,
    exits=frozenset({2}),
)  # fmt: skip


WHO = ("-c", "user.name=a", "-c", "user.email=a@b")


def _repository(place: WorkFolder) -> None:
    _write_suite(place, SUITE + BLOCKS)
    (place.folder / ".gitignore").write_text("nights\ntmp\n")
    for words in (("init", "-q"), ("add", "."), (*WHO, "commit", "-qm", "one", "--date=2026-03-01T12:00:00Z")):
        subprocess.run(["git", "-C", str(place.folder), *words], check=True, capture_output=True)


def _backfill(folder: Path) -> Words:
    return ("nightly", "suite.yaml", "--history", "nights", "--limit", 6, "--commit", "HEAD")


BACKFILL = Subject(
    name="nightly --commit",
    arguments=_backfill,
    again=_backfill,
    moments=("after mkdir */.aside/*", "before replace */nights/runs/*", "after replace */nights/runs/*"),
    prepare=_repository,
    result=lambda place: (
        [content_of(root) for root in whole_runs_in(place.folder / "nights/runs")],
        _worktrees(place.folder),
    ),
)  # fmt: skip


def _worktrees(folder: Path) -> int:
    listed = subprocess.run(
        ["git", "-C", str(folder), "worktree", "list", "--porcelain"], check=True, capture_output=True, text=True
    )
    return listed.stdout.count("worktree ")


def _two_runs(place: WorkFolder) -> None:
    _nights_before(place)
    place.run("run", "suite.yaml", "--limit", 4)


def _add(folder: Path) -> Words:
    return ("runs", "history", "nights", "--add", *runs_in(folder / "runs"), "--rebuild")


ADD = Subject(
    name="history --add --rebuild",
    arguments=_add,
    again=_add,
    moments=(
        "after mkdir */.aside/*", "before replace */nights/runs/*", "after replace */nights/runs/*",
        "before replace */.index/*", "before replace */nights/site",
    ),
    prepare=_two_runs,
    result=lambda place: (
        digests(place.folder / "nights/runs"),
        digests(place.folder / "runs"),
        sorted(path.name for path in (place.folder / "nights/site").iterdir()),
    ),
)  # fmt: skip
REBUILD = Subject(
    name="history --rebuild",
    arguments=lambda folder: ("runs", "history", "nights", "--rebuild"),
    again=lambda folder: ("runs", "history", "nights", "--rebuild"),
    moments=("after symlink */.sites/* 1", "after symlink */.sites/* 2", "before replace */nights/site"),
    prepare=_nights_before,
    result=lambda place: (
        digests(place.folder / "nights/runs"),
        sorted(path.name for path in (place.folder / "nights/site").iterdir()),
    ),
)  # fmt: skip


def _one_run(place: WorkFolder) -> None:
    _write_suite(place, SUITE + BLOCKS)
    place.run("run", "suite.yaml", "--limit", 6, "--out", "measured")


def _rescore(folder: Path) -> Words:
    return ("runs", "rescore", runs_in(folder / "measured")[0], "--strip", "--lower")


RESCORE = Subject(
    name="rescore",
    arguments=_rescore,
    again=lambda folder: None if whole_runs_in(folder / "runs") else _rescore(folder),
    moments=(
        "after replace */run.json", "amid replace */items.parquet", "after replace */finished.json",
        f"after replace {RUN}",
    ),
    prepare=_one_run,
    result=lambda place: (
        [content_of(root) for root in whole_runs_in(place.folder / "runs")],
        digests(place.folder / "measured"),
    ),
)  # fmt: skip


def _shards(place: WorkFolder) -> None:
    _write_suite(place, SUITE + BLOCKS)
    for block in ("1/3", "2/3", "3/3"):
        place.run("run", "suite.yaml", "--block", block, "--seed", 7, "--out", "shards")


def _merge(folder: Path) -> Words:
    return ("runs", "merge", "shards", "-o", "runs/merged")


MERGE = Subject(
    name="merge",
    arguments=_merge,
    again=lambda folder: None if whole_runs_in(folder / "runs") else _merge(folder),
    moments=(
        "after mkdir */.merged.merging", "after mkdir */.merged.merging/merged", "amid replace */run.json",
        "after replace */run.json", "before replace */power/*.csv 2", "amid replace */items.parquet",
        "after replace */items.parquet", "amid replace */windows.parquet", "before replace */finished.json",
        "amid replace */finished.json", "after replace */finished.json", f"before fsync {ANSWERED} 1",
        "after fsync */scores/*/sums.jsonl 1", "before replace */runs/merged", "after replace */runs/merged",
    ),
    prepare=_shards,
    result=lambda place: (
        [content_of(root) for root in whole_runs_in(place.folder / "runs")],
        digests(place.folder / "shards"),
    ),
)  # fmt: skip


def _table(place: WorkFolder) -> None:
    rows = [f"{system},{item},{item % 2},0.1,1.5" for system in ("a", "b") for item in range(200)]
    (place.folder / "table.csv").write_text("\n".join(["system,item,score,seconds,joules", *rows]) + "\n")


IMPORT = Subject(
    name="import",
    arguments=lambda folder: ("runs", "import", "table.csv"),
    again=lambda folder: None if whole_runs_in(folder / "runs") else ("runs", "import", "table.csv"),
    moments=(
        "after replace */run.json", "amid replace */items.parquet", "before replace */finished.json",
        "after replace */finished.json", f"after replace {RUN}",
    ),
    prepare=_table,
    result=lambda place: [content_of(root) for root in whole_runs_in(place.folder / "runs")],
)  # fmt: skip
