"""The tiers: what is a unit test, and that it fails where it does what only slower tests may do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import tiers

pytestmark = pytest.mark.e2e

CONFTEST = """
    from tests import tiers

    def pytest_configure(config):
        config.pluginmanager.register(tiers)
"""


@pytest.fixture
def outcome(pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Run a test file in a process of its own, with the tiers of this project."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # for speed
    monkeypatch.setenv("COLUMNS", "200")  # or what is said of a failure is cut
    markers = [line for line in request.config.getini("markers") if not line.startswith("wattbench")]
    pytester.makeini("[pytest]\nmarkers =\n" + "\n".join(f"    {line}" for line in markers))
    pytester.makeconftest(CONFTEST)

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


FORBIDDEN = {
    "sleeping": ("import time; time.sleep(0.06)", "a unit test sleeps for 0.06 s (marker: waits)"),
    "socket": (
        "import socket; socket.socket().bind(('127.0.0.1', 0))", "a unit test opens a socket (marker: sockets)"
    ),
    "torch": ("import torch", "a unit test loads torch (marker: torch)"),
}  # fmt: skip
"""What a unit test may not do, and what is said of it."""


@pytest.mark.parametrize("marker", ["", "@pytest.mark.waits"])
def test_what_a_unit_test_may_not_do(outcome, pytester: pytest.Pytester, marker: str) -> None:
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
    """)
    done.assert_outcomes(failed=1)


def test_a_unit_test_is_one_without_a_marker_of_a_slower_tier(outcome) -> None:
    done = outcome(
        """
        import pytest

        def test_fast(): pass

        @pytest.mark.serial
        def test_fast_and_alone(): pass

        @pytest.mark.simulation
        def test_slow(): pass

        @pytest.mark.usefixtures("smol_gguf")
        def test_of_a_model(): pass
        """,
        "-m", "unit",
    )  # fmt: skip
    done.assert_outcomes(passed=2, deselected=2)


@pytest.mark.parametrize(("expression", "left_out"), [("unit", True), ("", False), ("unit or torch", False)])
def test_folders_without_a_unit_test_are_not_imported_for_the_unit_tests(expression: str, left_out: bool) -> None:
    config = SimpleNamespace(option=SimpleNamespace(markexpr=expression))
    for folder, marker in tiers.BY_FOLDER.items():
        assert marker in tiers.SLOW
        assert (Path(tiers.__file__).parent / folder).is_dir()
        for path in (Path(tiers.__file__).parent / folder, Path(tiers.__file__).parent / folder / "test_it.py"):
            assert tiers.pytest_ignore_collect(path, config) is (True if left_out else None)
    assert tiers.pytest_ignore_collect(Path(tiers.__file__).with_name("test_shares.py"), config) is None


@pytest.mark.parametrize(
    ("text", "left_out"),
    [
        ("pytestmark = pytest.mark.e2e", True),
        ("import pytest\n\npytestmark = [pytest.mark.serial, pytest.mark.simulation]", True),
        ("pytestmark = pytest.mark.serial", False),
        ("@pytest.mark.e2e\ndef test_it(): pass", False),
        ("MARKED = 'pytestmark = pytest.mark.e2e'", False),
        ("def test_it(): pass", False),
    ],
)
def test_files_marked_as_a_whole_are_not_imported_for_the_unit_tests(tmp_path: Path, text: str, left_out: bool) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(text)
    for expression in ("unit", "", "unit or e2e"):
        config = SimpleNamespace(option=SimpleNamespace(markexpr=expression))
        assert tiers.pytest_ignore_collect(path, config) is (True if left_out and expression == "unit" else None)


def test_files_of_tests_that_wait_are_spread_among_the_others() -> None:
    others, waiting = [Path(f"test_{name}.py") for name in "abdefg"], [Path("test_c1.py"), Path("test_c2.py")]
    found = tiers.spread(sorted([*others, *waiting]), waiting)
    assert [path.stem.removeprefix("test_") for path in found] == ["a", "c1", "b", "d", "e", "c2", "f", "g"]
    assert tiers.spread(others, waiting) == tiers.spread(others, others) == others


def test_every_tier_is_a_marker_that_is_documented(request: pytest.FixtureRequest) -> None:
    from tests.tiers import BY_FIXTURE, BY_FOLDER, SLOW

    described = {line.split(":")[0] for line in request.config.getini("markers")}
    assert {*SLOW, *BY_FOLDER.values(), *(name for names in BY_FIXTURE.values() for name in names)} <= described
    contributing = (Path(request.config.rootpath) / "CONTRIBUTING.md").read_text()
    assert [name for name in (*SLOW, "serial", "unit") if f"`{name}`" not in contributing] == []


def test_examples_have_no_deadline_and_are_the_same_ones_in_ci() -> None:
    code = "import tests.conftest, hypothesis; now = hypothesis.settings(); print(now.deadline, now.derandomize)"
    root = Path(__file__).parents[1]
    paths = os.pathsep.join(map(str, (root, root / "harness", root / "reports")))
    for ci, derandomized in (("", False), ("true", True)):
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths} | ({"CI": ci} if ci else {})
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.split() == ["None", str(derandomized)]
