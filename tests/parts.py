"""Divide a test run into the parts that `tests/run.py` runs.

A test belongs to the part of its marker: `serial` or `timed`; all others run side by side. The first part collects
everything and writes down which files the later parts need, so that those collect no other.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

SIDE_BY_SIDE, TIMED, SERIAL = PARTS = ("side by side", "timed", "serial")

PART_VARIABLE = "WATTBENCH_TEST_PART"
"""The part to run."""
FILES_VARIABLE = "WATTBENCH_TEST_FILES"
"""A JSON file of part to test files: written by the first part, read by the others."""
FAILED_VARIABLE = "WATTBENCH_FAILED_TESTS"
"""A file to which the ids of failed tests are added, one in a line."""

TOGETHER = ("tests/browser", "tests/wattbench/systems/local", "tests/wattbench/train")
"""Folders whose files run in one worker: they share a browser and its pages, or packages that take seconds to load."""
LOWER_PRIORITY = 10
"""The niceness of tests that run side by side: those that mostly wait run at the same time, and come first."""


def pytest_configure() -> None:
    """Let other parts have a processor first; what a worker starts inherits it."""
    if os.environ[PART_VARIABLE] == SIDE_BY_SIDE:
        os.setpriority(os.PRIO_PROCESS, 0, max(LOWER_PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))


def scope_of(nodeid: str) -> str:
    """Return what a worker is handed as a whole: the folder of a test if it is one of TOGETHER, else its file."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if path.startswith(f"{folder}/")), path)


class Scopes(LoadFileScheduling):
    """Hand whole files, and some folders, to workers."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Divide the tests between workers."""
    return Scopes(config, log)


def part_of(item: pytest.Item) -> str:
    """Return the part to which a test belongs."""
    return next((marker for marker in (SERIAL, TIMED) if item.get_closest_marker(marker)), SIDE_BY_SIDE)


def files_of(part: str, listed: Path) -> list[str] | None:
    """Return the test files of a part; None where the first part did not get so far as to list them."""
    return list(json.loads(listed.read_text())[part]) if listed.exists() else None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out a file in which no test is of this part."""
    part = os.environ[PART_VARIABLE]
    if part == SIDE_BY_SIDE or not collection_path.is_file():
        return None
    files = files_of(part, Path(os.environ[FILES_VARIABLE]))
    return True if files is not None and str(collection_path) not in files else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of this part, of those that the command line selected."""
    part = os.environ[PART_VARIABLE]
    if part == SIDE_BY_SIDE:  # every worker writes the same
        files = {each: sorted({str(item.path) for item in items if part_of(item) == each}) for each in PARTS}
        listed = Path(os.environ[FILES_VARIABLE])
        temporary = listed.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(files))
        temporary.replace(listed)
    own = [part_of(item) == part for item in items]
    config.hook.pytest_deselected(items=[item for item, is_own in zip(items, own, strict=True) if not is_own])
    items[:] = [item for item, is_own in zip(items, own, strict=True) if is_own]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Write down which tests failed; pytest calls this in the main process alone."""
    reports = [report for outcome in ("failed", "error") for report in terminalreporter.stats.get(outcome, [])]
    ids = dict.fromkeys(report.nodeid for report in reports if isinstance(report, pytest.TestReport))
    with Path(os.environ[FAILED_VARIABLE]).open("a") as file:
        file.writelines(f"{each}\n" for each in ids)
