"""Read what a command left on disk: its runs, their answers, and the bytes that no resumption may change."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

KEY = ["system", "task", "doc_id", "repeat", "offered_per_s"]
SAME = ["prompt_hash", "correct", "judged", "output", "target"]
"""What an answer has in every run of the same suite, however it was measured."""


def runs_in(folder: Path) -> list[Path]:
    """Return the runs that were begun in a folder: those that commands name."""
    return sorted(path for path in folder.glob("[!.]*") if (path / "run.json").exists())


def whole_runs_in(folder: Path) -> list[Path]:
    """Return the runs that are finished."""
    return [root for root in runs_in(folder) if (root / "finished.json").exists()]


def items_of(root: Path) -> pd.DataFrame:
    """Return the answers of a finished run."""
    return pd.read_parquet(root / "items.parquet")


def content_of(root: Path) -> Any:
    """Return what is equal in two runs of a suite: every answer with its key, its score and its opinion."""
    items = items_of(root)
    chosen = items[[name for name in (*KEY, *SAME) if name in items]].astype(object)
    return sorted(map(repr, chosen.where(chosen.notna(), None).itertuples(index=False, name=None)))


def digests(folder: Path) -> dict[str, str]:
    """Return file to SHA-256 of all files below a folder, but for locks."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def whole_lines(folder: Path) -> dict[Path, bytes]:
    """Return the complete lines of every record below a folder."""
    files = {path: path.read_bytes() for path in folder.rglob("*.jsonl") if "tasks" not in path.parts}
    return {path: data[: data.rfind(b"\n") + 1] for path, data in files.items()}
