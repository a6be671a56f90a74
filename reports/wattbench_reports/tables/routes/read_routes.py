"""Detect the format of a file of routes, and read it."""

from __future__ import annotations

from pathlib import Path

from wattbench.records.files.regular_file import open_regular
from wattbench_reports.tables.routes import csv_routes, log_routes
from wattbench_reports.tables.routes.offline_router import OfflineRouter
from wattbench_reports.tables.run_tables import Frames

_HEAD_BYTES = 65_536
"""How much of a file is looked at to say what it is."""


def read_routes(path: Path, frames: Frames) -> tuple[OfflineRouter, ...]:
    """Read a file of routes: a CSV table of one's own, or a log of vLLM's semantic router or of LiteLLM.

    Args:
        path: see `csv_routes.read_csv` and `log_routes.read_log`.
        frames: the run.

    Raises:
        UserError: the file cannot be read or is damaged, or does not fit the run.
    """
    with open_regular(path) as file:
        head = file.read(_HEAD_BYTES)
    return log_routes.read_log(path, frames) if _is_log(head) else csv_routes.read_csv(path, frames)


def _is_log(head: bytes) -> bool:
    """Return whether a file is a log, with an object at the start of a line, and not a table headed by columns."""
    text = head.decode("utf-8-sig", "replace").lstrip()
    if text.startswith(("{", "[")):
        return True
    first = text.partition("\n")[0]
    if any(name in first for name in csv_routes.REQUIRED) and "{" not in first:
        return False
    return any('{"' in line for line in text.splitlines())
