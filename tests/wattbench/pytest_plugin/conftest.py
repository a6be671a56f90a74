"""Pytest inside pytest: a project with a suite of sums, whose joules are those of a recording."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wattbench.pytest_plugin.marker_settings import Settings
from wattbench.pytest_plugin.session_runs import Runs

DATA = Path(__file__).parents[2] / "data"
MEASURED = "{use: replay, trace: trace.csv, repeat: true}"
MODELLED = "codecarbon"


def _write_suite(folder: Path, meter: str) -> None:
    """The test data's suite with one meter, and the recording: 100 W."""
    text = (DATA / "suite.yaml").read_text()
    for old, new in (
        ("[tasks]", f"[{DATA / 'tasks'}]"),
        ("./answers.py", str(DATA / "answers.py")),
        ("blocks: 2", "blocks: 1"),
    ):
        text = text.replace(old, new)
    (folder / "sums.yaml").write_text(f"{text}\nmeters: [{meter}]\n")
    # A counter: of watts, ten have to be read in a second, which a busy machine does not always manage.
    rows = [f"{step / 10},gpu0,{10 * step}" for step in range(6000)]
    (folder / "trace.csv").write_text("\n".join(["at_s,component,energy_j", *rows]))


@pytest.fixture(scope="session")
def _loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All that a test of a project imports is imported: what pytest imports inside of pytest it forgets again."""
    import numpy.fft  # noqa: F401 - loaded when first used, and cannot be loaded twice
    import pandas  # noqa: F401 - as NumPy

    import wattbench.pytest_plugin.fixture  # noqa: F401 - the plugin imports it when a test wants it
    from wattbench_reports.export import as_table

    folder = tmp_path_factory.mktemp("loaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WATTBENCH_CACHE", str(folder / "cache"))
        patch.delenv("PYTEST_XDIST_WORKER", raising=False)
        _write_suite(folder, MODELLED)
        runs = Runs(folder / "runs", folder, ["pytest"])
        run = runs.of(Settings(suite="sums.yaml", limit=2), ["adder", "small"]).run
        as_table(run.analysis.comparison)
        runs.compared(run, "adder", "small", None, modelled=True).text()


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, _loaded: None) -> pytest.Pytester:
    """A project with a suite, which its ini file names; no run of others on this machine is in its way."""
    monkeypatch.setenv("WATTBENCH_CACHE", str(pytester.path / "cache"))
    monkeypatch.setenv("ANSWER_S", "0.002")  # windows of a second are filled with askings, which take a processor's
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # under which nothing is measured
    _write_suite(pytester.path, MEASURED)
    pytester.makeini("[pytest]\nwattbench_suite = sums.yaml")
    return pytester


@pytest.fixture
def modelled(project: pytest.Pytester) -> pytest.Pytester:
    """That project, its joules from a formula."""
    _write_suite(project.path, MODELLED)
    return project


@pytest.fixture
def session(project: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a test file of that project."""

    def run(tests: str, *arguments: str) -> pytest.RunResult:
        project.makepyfile(test_it=tests)
        return project.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    return run
