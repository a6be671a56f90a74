"""Divide a test run into the parts that `tests/run.py` runs.

A test belongs to the part of its marker: `serial` or `timed`; all others run side by side. The workers of the first
part collect everything and write down which files the later parts need, so that those collect no other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import shares

SIDE_BY_SIDE, TIMED, SERIAL = PARTS = ("side by side", "timed", "serial")

PART_VARIABLE = "WATTBENCH_TEST_PART"
"""The part to run."""
FILES_VARIABLE = "WATTBENCH_TEST_FILES"
"""A JSON file of part to test files: written by the first part, read by the others."""
FAILED_VARIABLE = "WATTBENCH_FAILED_TESTS"
"""A file to which the ids of failed tests are added, one in a line."""

LOWER_PRIORITY = 10
"""The niceness of tests that run side by side: those of the other parts run at the same time, and come first."""


def pytest_configure() -> None:
    """Let other parts have a processor first; what a worker starts inherits it."""
    if os.environ[PART_VARIABLE] == SIDE_BY_SIDE:
        os.setpriority(os.PRIO_PROCESS, 0, max(LOWER_PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> shares.SharesScheduling:
    """Divide the tests between workers."""
    return shares.SharesScheduling(config, log, _when_collected)


_sessions: list[pytest.Session] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep the session at hand."""
    _sessions[:] = [session]


def _when_collected(number: int) -> None:
    """Join the workers' lists of files; let pytest know how many tests all have, as xdist passes on the last one's."""
    for session in _sessions:
        session.testscollected = number
    if os.environ[PART_VARIABLE] == SIDE_BY_SIDE:
        join_lists(Path(os.environ[FILES_VARIABLE]))


def part_of(item: pytest.Item) -> str:
    """Return the part to which a test belongs."""
    return next((marker for marker in (SERIAL, TIMED) if item.get_closest_marker(marker)), SIDE_BY_SIDE)


def files_of(part: str, listed: Path) -> list[str] | None:
    """Return the test files of a part; None where the first part did not get so far as to list them."""
    return list(json.loads(listed.read_text())[part]) if listed.exists() else None


def write_list(listed: Path, items: Sequence[pytest.Item]) -> None:
    """Write down which files of a worker's each part needs."""
    files = {each: sorted({str(item.path) for item in items if part_of(item) == each}) for each in PARTS}
    listed.with_suffix(f".{os.getpid()}").write_text(json.dumps(files))


def join_lists(listed: Path) -> None:
    """Write one list of what the workers wrote down, if any could collect; it is whole as soon as it is there."""
    lists = [json.loads(each.read_text()) for each in listed.parent.glob(f"{listed.stem}.*") if each != listed]
    if not lists:
        return
    files = {part: sorted({file for each in lists for file in each[part]}) for part in PARTS}
    temporary = listed.with_name(f"whole {listed.name}")
    temporary.write_text(json.dumps(files))
    temporary.replace(listed)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file in which no test is of this part, and what another worker collects."""
    part = os.environ[PART_VARIABLE]
    if part == SIDE_BY_SIDE:
        return True if shares.is_of_another_worker(collection_path, config) else None
    if not collection_path.is_file():
        return None
    files = files_of(part, Path(os.environ[FILES_VARIABLE]))
    return True if files is not None and str(collection_path) not in files else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of this part, of those that the command line selected."""
    part = os.environ[PART_VARIABLE]
    if part == SIDE_BY_SIDE:
        write_list(Path(os.environ[FILES_VARIABLE]), items)
    own = [part_of(item) == part for item in items]
    config.hook.pytest_deselected(items=[item for item, is_own in zip(items, own, strict=True) if not is_own])
    items[:] = [item for item, is_own in zip(items, own, strict=True) if is_own]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write down which tests failed; pytest calls this in the main process alone."""
    reports = [report for outcome in ("failed", "error") for report in terminalreporter.stats.get(outcome, [])]
    ids = dict.fromkeys(report.nodeid for report in reports if isinstance(report, pytest.TestReport))
    with Path(os.environ[FAILED_VARIABLE]).open("a") as file:
        file.writelines(f"{each}\n" for each in ids)
