"""Say what a kill and its resumption have lost, doubled, or left behind."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import wattbench
from benchmarks.kills.records import KEY, items_of, whole_lines
from wattbench.api.verify import verify
from wattbench.errors import UserError

STRAY = (
    "*.tmp",
    ".look-*",
    ".*.importing/*",
    ".*.rescoring/*",
    ".*.merging/*",
    ".aside/*",
    ".site-*",
    "tmp/wattbench-*",
)
"""What no command may leave behind when it has ended, below its folder. An empty folder aside may stay."""
MAY_HOLD = frozenset({"verdicts", ".index"})
"""Folders of single files, and so is that in which a command runs: several processes may write there at once, so that
none can tell a temporary file that was left. Nothing reads one."""
VERDICT = ("system", "task", "doc_id", "repeat", "shown")
"""What identifies a verdict in a run."""
MOST_SITES = 3
"""The one that is shown, the one before it, and one before that, which the next build clears."""


def after_kill(root: Path) -> Iterator[str]:
    """Yield what is wrong with a run that was killed: something partial that looks whole."""
    if (root / "finished.json").exists():
        yield from (f"finished, and {problem}" for problem in _unverified(root))
        return
    try:
        wattbench.read(root)
    except UserError:
        return
    yield f"{root.name} is not finished, and can be read as if it were"


def after_resumption(root: Path, before: Mapping[Path, bytes]) -> Iterator[str]:
    """Yield what is wrong with a run that was resumed.

    Args:
        root: of the run.
        before: the complete lines that the killed process left, by file.
    """
    if not (root / "finished.json").exists():
        yield f"{root.name} is not finished"
        return
    yield from _unverified(root)
    for path, lines in before.items():
        if path.is_relative_to(root) and not (path.exists() and path.read_bytes().startswith(lines)):
            yield f"lines of {path.relative_to(root)} were lost or changed"
    items = items_of(root)
    doubled = items.duplicated(subset=[name for name in KEY if name in items]).sum()
    if doubled:
        yield f"{doubled} answers are there twice"
    verdicts = Counter(tuple(row[name] for name in VERDICT) for row in _lines(root / "judgements.jsonl"))
    if twice := sum(number > 1 for number in verdicts.values()):
        yield f"{twice} answers were judged twice"
    if verdicts and (missing := items["judged"].isna().sum()):
        yield f"{missing} answers were not judged"
    if len(items.drop_duplicates(["task", "doc_id", "block"])) > len(items.drop_duplicates(["task", "doc_id"])):
        yield "an item was asked in two blocks"
    opened, closed = _lines(root / "open-windows.jsonl"), _lines(root / "windows.jsonl")
    for what, rows in (("opened", opened), ("closed", closed)):
        yield from (f"{name} was {what} {n} times" for name, n in Counter(r["window"] for r in rows).items() if n > 1)
    if not_closed := {row["window"] for row in opened} - {row["window"] for row in closed}:
        yield f"windows were never closed: {sorted(not_closed)}"
    yield from _wrong_sums(items, {row["window"]: row for row in closed})
    yield from _lost(root, items, before)


def left_behind(folder: Path) -> Iterator[str]:
    """Yield the files that a command left behind in its folder."""
    # A folder that was killed before its run.json was written is no run; nothing reads or names it.
    unborn = {path for path in folder.rglob("runs/[!.]*") if not (path / "run.json").exists()}
    for pattern in STRAY:
        yield from (
            f"left {path.relative_to(folder)}"
            for path in folder.rglob(pattern)
            if path.parent not in unborn and not (pattern == "*.tmp" and path.parent.name in MAY_HOLD | {folder.name})
        )
    for sites in folder.rglob(".sites"):
        names = [path for path in sites.iterdir() if not path.is_symlink()]
        if len(names) > MOST_SITES:
            yield f"left {len(names)} sites"


def _unverified(root: Path) -> Iterator[str]:
    for check in verify(root).checks:
        yield from (f"verify: {check.name}: {problem}" for problem in check.problems)


def _wrong_sums(items: Any, windows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Compare joules without wattbench's own code: those of a valid window are its items', per pass."""
    for name, of_window in items[items["window"] != ""].groupby("window"):
        row = windows.get(name)
        if row is None:
            yield f"answers were given in {name}, which was never closed"
        elif row["valid"]:
            total_j = math.fsum(row["energy_j"].values())
            summed_j = math.fsum(of_window["energy_j"]) * row["passes"]
            if not math.isclose(summed_j, total_j, rel_tol=1e-9):
                yield f"{name} has {total_j:.9g} J, and its items {summed_j:.9g} J"
        elif of_window["energy_j"].notna().any():
            yield f"{name} is not valid, and its items have joules"


def _lost(root: Path, items: Any, before: Mapping[Path, bytes]) -> Iterator[str]:
    """Yield answers that a line recorded and counted when the process was killed, and that the table lacks.

    Those of an attempt of a block that was asked again, whole, do not count.
    """
    header = json.loads((root / "run.json").read_text())
    counted: set[str] | None = None
    if header.get("gate") is not None:
        counted = {name for row in _parsed(before, root / "rounds.jsonl") for name in row["windows"].values()}
    elif header["suite"]["suite"].get("measure", {}).get("scenario") == "load":
        counted = {row["window"] for row in _parsed(before, root / "loads.jsonl")}
    last: dict[int, int] = {}
    for row in _lines(root / "blocks.jsonl"):
        last[row["number"]] = max(row["attempt"], last.get(row["number"], 0))
    there = set(items[["doc_id", "repeat", "window", "started_s"]].itertuples(index=False, name=None))
    lost = [
        row
        for path in before
        if path.is_relative_to(root / "items")
        for row in _parsed(before, path)
        if counted is None or row["window"] in counted
        if row.get("block") is None or row["attempt"] == last.get(row["block"], row["attempt"])
        if (row["doc_id"], row["repeat"], row["window"], row["started_s"]) not in there
    ]
    if lost:
        first = f"document {lost[0]['doc_id']} of {lost[0]['window']}"
        yield f"{len(lost)} answers that were recorded are lost, {first} first"


def _parsed(before: Mapping[Path, bytes], path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in before.get(path, b"").splitlines()]


def _lines(path: Path) -> list[dict[str, Any]]:
    return _parsed(whole_lines(path.parent), path)
