"""Which tests are for every save, and that one fails where it does what only slow ones may do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import guard

pytestmark = pytest.mark.slow

CONFTEST = """
    from tests import guard

    def pytest_configure(config):
        config.pluginmanager.register(guard)
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Run a test file in a process of its own, with the guard of this project."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # for speed
    monkeypatch.setenv("COLUMNS", "200")  # or what is said of a failure is cut
    pytester.makeini("[pytest]\nmarkers =\n    slow: is slow\n    alone: is alone")
    pytester.makeconftest(CONFTEST)

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


FORBIDDEN = {
    "sleeping": ("import time; time.sleep(0.06)", "sleeps: mark it slow"),
    "socket": ("import socket; socket.socket().bind(('127.0.0.1', 0))", "opens a socket: mark it slow"),
    "torch": ("import torch", "loads torch: mark it slow"),
}
"""What only a slow test may do, and what is said of it."""


@pytest.mark.parametrize("marker", ["", "@pytest.mark.slow", "@pytest.mark.alone"])
def test_what_a_fast_test_may_not_do(outcome, pytester: pytest.Pytester, marker: str) -> None:
    pytester.makepyfile(torch="")  # a stand-in: loading the real one takes seconds
    tests = [f"{marker}\ndef test_{name}():\n    {body}\n" for name, (body, _) in FORBIDDEN.items()]
    done = outcome("\n".join(["import pytest", *tests]))
    done.assert_outcomes(passed=3 if marker else 0, failed=0 if marker else 3)
    for name, (_, said) in FORBIDDEN.items():
        line = next((line for line in done.outlines if line.startswith("FAILED") and f"::test_{name} " in line), "")
        assert (said in line) == (not marker)


def test_what_a_fixture_does_counts(outcome) -> None:
    done = outcome("""
        import pytest, time

        @pytest.fixture
        def slept():
            time.sleep(0.06)

        def test_it(slept):
            pass

        def test_that_hardly_sleeps():
            time.sleep(0.01)
    """)
    done.assert_outcomes(failed=1, passed=1)


def test_tests_are_marked_by_fixture_and_by_folders_that_exist(outcome) -> None:
    done = outcome(
        """
        import pytest

        @pytest.fixture
        def smol_gguf(): pass

        def test_fast(): pass

        def test_of_a_model(smol_gguf): pass
        """,
        "-m", "not slow",
    )  # fmt: skip
    done.assert_outcomes(passed=1, deselected=1)
    assert all((Path(guard.__file__).parent / folder).is_dir() for folder in guard.SLOW_FOLDERS)


def test_examples_have_no_deadline_and_are_the_same_ones_in_ci() -> None:
    code = "import tests.conftest, hypothesis; now = hypothesis.settings(); print(now.deadline, now.derandomize)"
    root = Path(__file__).parents[1]
    paths = os.pathsep.join(map(str, (root, root / "harness", root / "reports")))
    for ci, derandomized in (("", False), ("true", True)):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths} | ({"CI": ci} if ci else {})
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.split() == ["None", str(derandomized)]
