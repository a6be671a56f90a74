"""Import another tool's results where a run is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from wattbench.errors import UserError
from wattbench.importers import detect, read_sources, write_run
from wattbench.progress.notices import notice
from wattbench.records import RunLayout


def named_after(source: Path) -> str:
    """Make a run's name from a file's or folder's, without the characters that a name may not have."""
    path = source.resolve()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", path.name if path.is_dir() else path.stem).strip("-._")[:40]
    return plain or "imported"


def is_run(path: Path) -> bool:
    """Return whether a path is the directory of a run."""
    return os.path.lexists(RunLayout(path).header)


def is_of_another_tool(path: Path) -> bool:
    """Return whether a path holds another tool's results, which `wattbench runs import` recognises."""
    if is_run(path) or not path.exists():
        return False
    try:
        detect([path])
    except UserError:
        return False
    return True


def run_of(path: Path, out: Path, command: Sequence[str]) -> Path:
    """Return the run at a path. Results of another tool are imported first, and the run is named on standard error.

    Args:
        path: of a run, or of results.
        out: the folder in which an import gets its directory.
        command: for the record of an import.

    Raises:
        UserError: the results are damaged. A path that is neither is returned as it is: reading it says what is wrong.
    """
    if not is_of_another_tool(path):
        return path

    root = write_run(read_sources([path], scratch=out), out, named_after(path), command)
    notice(f"wattbench: {path} was imported as {root}")
    return root
