"""Measure what each test takes of a processor, and say which tests are too long for every save.

    python -m tests.seconds     measures the tests of the tiers `unit` and `long`, and writes tests/seconds.json

The file has the tests of which a case took `LONG_S` or more, with the seconds of the longest case. `tests/tiers.py`
marks all cases of these as `long`. Seconds are of processors, not of a clock: they depend little on what else runs.
What several tests share, such as a made-up run, counts for the first that needs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_suffix(".json")
LONG_S = 0.25
"""Chosen so that all tests of the tier `unit` together, with start and collection, take about 300 s of a processor."""
FOLDER_VARIABLE = "WATTBENCH_TEST_SECONDS"
"""The folder for what each process of a test run has measured."""

_measured: dict[str, float] = {}


def test_of(nodeid: str) -> str:
    """Return the id of a test without that of its case."""
    return nodeid.partition("[")[0]


@cache
def long_tests() -> Mapping[str, float]:
    """Return the tests that took too long when last measured, with the seconds of their longest cases."""
    found: dict[str, float] = json.loads(FILE.read_text("utf-8"))
    return found


def too_long(measured: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return the tests of which a case took `LONG_S` or more, sorted, from seconds by case."""
    longest: dict[str, float] = {}
    for of_process in measured:
        for nodeid, seconds in of_process.items():
            longest[test_of(nodeid)] = max(longest.get(test_of(nodeid), 0.0), seconds)
    return {test: round(seconds, 2) for test, seconds in sorted(longest.items()) if seconds >= LONG_S}


def _processor_s() -> float:
    """Return the seconds that this process and those which it waited for have taken of processors."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Measure a test with its fixtures."""
    before_s = _processor_s()
    result = yield
    _measured[item.nodeid] = _processor_s() - before_s
    return result


def pytest_unconfigure() -> None:
    """Write what was measured."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder and _measured:
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps(_measured), "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Measure the tests, and write the file if all passed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "tests/run.py", "-m", "unit or long", "-p", "tests.seconds", *arguments]
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, FOLDER_VARIABLE: folder}, check=False).returncode
        measured = [json.loads(path.read_text("utf-8")) for path in Path(folder).iterdir()]
    if status == 0:
        FILE.write_text(json.dumps(too_long(measured), indent=0) + "\n", "utf-8")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
