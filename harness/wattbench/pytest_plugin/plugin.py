"""What pytest loads: options, the marker, the fixture, and the machine's description for pytest-benchmark."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wattbench.pytest_plugin.fixture import Wattbench
    from wattbench.pytest_plugin.session_runs import Runs

RUNS = Path(".wattbench", "runs")
"""Where records are kept, relative to pytest's root folder."""

_MARKER = (
    "wattbench(suite=NAME, systems=[...], tasks=[...], limit=N, modelled=False): what the `wattbench` fixture measures"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add one option and two settings of the ini file."""
    group = parser.getgroup("wattbench", "accuracy, seconds and joules of language models")
    group.addoption(
        "--wattbench-runs", metavar="DIR", type=Path, help=f"Where the records of runs are kept (default: {RUNS})."
    )
    parser.addini(
        "wattbench_suite", "Suite of tests that name none: a file, or the name of one that wattbench ships.", default=""
    )
    parser.addini("wattbench_modelled", "Let tests assert on modelled joules.", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hide secrets in what pytest shows of a test with the fixture: its traceback, locals, output and log."""
    report = yield
    if "wattbench" in getattr(item, "fixturenames", ()):
        from wattbench.pytest_plugin.fixture import hide_report

        hide_report(report, item.config)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    """Add the processor and the GPUs to the description of the machine that pytest-benchmark writes."""
    from wattbench.machine.environment import machine

    machine_info["wattbench"] = machine()


@pytest.fixture(scope="session")
def _wattbench_runs(pytestconfig: pytest.Config) -> Runs:
    """Return the runs of this session, which its tests share."""
    from wattbench.pytest_plugin.session_runs import Runs

    chosen: Path | None = pytestconfig.getoption("--wattbench-runs")
    folder = pytestconfig.rootpath / RUNS if chosen is None else pytestconfig.invocation_params.dir / chosen
    return Runs(folder, pytestconfig.rootpath, ["pytest", *map(str, pytestconfig.invocation_params.args)])


@pytest.fixture
def wattbench(request: pytest.FixtureRequest, _wattbench_runs: Runs) -> Wattbench:
    """Measure systems of a suite, and compare them: `wattbench.measure("a", "b")`, `wattbench.compare("a", "b")`."""
    from wattbench.pytest_plugin.fixture import Wattbench

    return Wattbench(request.node, _wattbench_runs)
