"""A test that fails first and passes when it is run again is never counted as passed."""

from __future__ import annotations

import re

import pytest

from tests import reruns

pytestmark = pytest.mark.slow

TESTS = """
    import os
    import pytest

    def test_good(): pass

    def test_broken(): assert False

    @pytest.mark.parametrize("number", range(2))
    def test_late_once(number):
        if not os.path.exists(f"was-late-{number}"):
            open(f"was-late-{number}", "w").close()
            assert False
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("chosen", "status", "last"),
    [("not broken", 0, " 1 passed,( 1 deselected,)? 2 rerun in "), ("test_it", 1, " 1 failed, 1 passed, 2 rerun in ")],
)
def test_it_is_in_the_closing_line_and_in_a_file(
    pytester: pytest.Pytester, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch,
    workers: str, chosen: str, status: int, last: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath), prepend=":")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # for speed
    pytester.makeconftest("pytest_plugins = ['tests.reruns']")
    pytester.makepyfile(test_it=TESTS)
    plugins = ["-p", "no:cacheprovider", "-p", "xdist", "-p", "pytest_rerunfailures"]
    done = pytester.runpytest_subprocess(*plugins, "-n", workers, "--reruns", "1", "-k", chosen)
    assert done.ret == status
    assert re.search(last, done.outlines[-1])
    written = (pytester.path / reruns.FILE).read_text().splitlines()
    assert [line.partition(" ")[2] for line in sorted(written)] == [f"test_it.py::test_late_once[{n}]" for n in (0, 1)]
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in written)
