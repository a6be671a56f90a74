"""Add `--forks N` to pytest: N forked workers run the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.forking.hand_out import hand_out
from tests.forking.parent import Parent

CAN_FORK = sys.platform == "linux"
NO_ARROW_THREAD = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""PyArrow's allocator has a thread that gives memory back to the system; it is the only thread that imports start."""


class Hooks:
    """What a worker calls: a plugin that keeps something per process implements these."""

    def pytest_forked_worker_begins(self, config: pytest.Config) -> None:
        """Make the worker's own what it must not share with others."""

    def pytest_forked_worker_ends(self, config: pytest.Config) -> None:
        """Write or remove what the worker has of its own."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let other plugins implement the hooks."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--forks", type=int, default=0, metavar="N", help="run tests in N forked workers (Linux)")


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Have PyArrow start no thread, before anything imports it."""
    if early_config.known_args_namespace.forks:
        os.environ.update(NO_ARROW_THREAD)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse where a fork is not safe; show results of several workers without names of files."""
    if not config.option.forks:
        return
    if not CAN_FORK:
        raise pytest.UsageError("--forks needs Linux: use -n of pytest-xdist here")
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None:
        reporter.showfspath = False


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in workers, if asked to and if there are any."""
    option = session.config.option
    if not option.forks or option.collectonly or option.usepdb or session.testsfailed or not session.items:
        return None  # pytest's own loop sees to all of these
    if threads := _other_threads():
        raise pytest.UsageError(
            f"after the collection these threads run, with which a fork is not safe: {', '.join(threads)}. "
            "Find the import that starts them, or use -n of pytest-xdist"
        )
    Parent(session, option.forks, hand_out(session.items, option.forks)).run()
    return True


def _other_threads() -> list[str]:
    """Return the names of this process's threads, of Python and of libraries, but the one that calls."""
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != str(os.getpid())]
    return sorted((task / "comm").read_text().strip() for task in tasks)
