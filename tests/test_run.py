"""The parts of a test run: what is run where, and what the last line and the exit status say."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.run import closing_line, counts
from tests.shares import TOGETHER, scope_of

RUN = Path(__file__).with_name("run.py")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("== 1 failed, 20 passed, 3 warnings in 1.25s ==", {"failed": 1, "passed": 20}),
        ("1 passed in 0.01s", {"passed": 1}),
        ("=== 2 passed, 1 skipped, 4 deselected, 1 xfailed, 2 errors in 61.00s (0:01:01) ===",
         {"passed": 2, "skipped": 1, "xfailed": 1, "error": 2}),
        ("=== no tests ran in 0.01s ===", {}),
    ],
)  # fmt: skip
def test_a_closing_line_is_read(line: str, expected: dict[str, int]) -> None:
    assert counts(line) == Counter(expected)


def test_a_closing_line_is_as_pytest_writes_it() -> None:
    line = closing_line(Counter(passed=21, failed=1, error=1), 12.345)
    assert " 1 failed, 21 passed, 1 error in 12.35s " in line
    assert counts(line) == Counter(passed=21, failed=1, error=1)
    assert "no tests ran in 0.00s" in closing_line(Counter(), 0.0)


def test_files_that_share_what_is_dear_go_to_one_worker() -> None:
    assert scope_of("tests/browser/test_site.py::test_it[1]") == scope_of("tests/browser/test_report_page.py::test_it")
    assert scope_of("tests/wattbench/test_interrupts.py::test_it") == "tests/wattbench/test_interrupts.py"
    assert all((RUN.parents[1] / folder).is_dir() for folder in TOGETHER)


TESTS = """
import os
import time
import pytest

def test_beside(): assert "PYTEST_XDIST_WORKER" in os.environ

@pytest.mark.timed
def test_waiting():
    assert "PYTEST_XDIST_WORKER" in os.environ
    open("has-waited", "w").close()

@pytest.mark.serial
def test_alone(): assert "PYTEST_XDIST_WORKER" not in os.environ

@pytest.mark.serial
def test_last():
    assert os.path.exists("has-waited")
    open("was-last", "w").close()

def test_meanwhile():
    until_s = time.monotonic() + 60
    while not os.path.exists("was-last"):
        assert time.monotonic() < until_s
        time.sleep(0.05)

@pytest.mark.serial
def test_broken(): assert False

@pytest.mark.parametrize("number", range(3))
def test_late_once(number):
    if not os.path.exists(f"was-late-{number}"):
        open(f"was-late-{number}", "w").close()
        assert False

def test_skipped(): pytest.skip("for a reason")
"""


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("arguments", "status", "last"),
    [
        ([], 1, "4 failed, 5 passed, 1 skipped in"),
        (["-k", "late or beside"], 0, "4 passed in"),
        (["-k", "broken"], 1, "1 failed in"),
        (["-k", "alone"], 0, "1 passed in"),
        (["-k", "beside"], 0, "1 passed in"),
        (["-m", "serial", "-k", "alone"], 0, "1 passed in"),
        (["-k", "nothing"], 5, "no tests ran in"),
        (["missing.py"], 4, "no tests ran in"),
    ],
)
def test_the_parts_run_at_once_and_are_added_up(
    tmp_path: Path, monkeypatch, arguments: list[str], status: int, last: str
) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    serial: alone\n    timed: waiting\n")
    monkeypatch.setenv("WATTBENCH_WORKERS", "1")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # for speed
    done = subprocess.run(
        [sys.executable, RUN, "-p", "no:cacheprovider", "-p", "xdist", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == status
    assert ("passed alone: test_it.py::test_late_once" in done.stdout) == ("late or beside" in arguments)
    assert last in done.stdout.splitlines()[-1]
