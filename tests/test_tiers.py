"""The tiers: what is a unit test, and that it fails where it does what only slower tests may do."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    markers = [line for line in request.config.getini("markers") if not line.startswith("wattbench")]
    pytester.makeini("[pytest]\nmarkers =\n" + "\n".join(f"    {line}" for line in markers))
    pytester.makeconftest(CONFTEST)

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=text)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import time; time.sleep(0.06)", "a unit test sleeps for 0.06 s (marker: waits)"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "a unit test opens a socket (marker: sockets)"),
        ("import torch", "a unit test loads torch (marker: torch)"),
    ],
)
@pytest.mark.parametrize("marker", ["", "@pytest.mark.waits"])
def test_what_a_unit_test_may_not_do(outcome, pytester: pytest.Pytester, body: str, said: str, marker: str) -> None:
    pytester.makepyfile(torch="")  # a stand-in: loading the real one takes seconds
    done = outcome(f"import pytest\n{marker}\ndef test_it():\n    {body}\n")
    done.assert_outcomes(passed=1 if marker else 0, failed=0 if marker else 1)
    assert (said in done.stdout.str()) == (not marker)


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


def test_every_tier_is_a_marker_that_is_documented(request: pytest.FixtureRequest) -> None:
    from tests.tiers import BY_FIXTURE, BY_FOLDER, SLOW

    described = {line.split(":")[0] for line in request.config.getini("markers")}
    assert {*SLOW, *BY_FOLDER.values(), *(name for names in BY_FIXTURE.values() for name in names)} <= described
    contributing = (Path(request.config.rootpath) / "CONTRIBUTING.md").read_text()
    assert [name for name in (*SLOW, "serial", "unit") if f"`{name}`" not in contributing] == []
