"""Run tests in a forked process, and send what is reported of them to its parent."""

from __future__ import annotations

import os
import signal
import traceback
import warnings
from collections import deque
from multiprocessing.connection import Connection
from typing import Any

import pytest
from xdist.remote import serialize_warning_message

NAME_VARIABLE = "PYTEST_XDIST_WORKER"
"""Where tests, and wattbench's own plugin, look whether other tests run at the same time."""


class Worker:
    """Runs the tests that its parent hands out, as pytest's own loop does."""

    def __init__(self, session: pytest.Session, name: str, connection: Connection) -> None:
        self._session = session
        self._name = name
        self._connection = connection
        self._is_stopped = False
        self._is_ready = False

    def run(self) -> None:
        """Run tests until none is left, and say how it ended."""
        config = self._session.config
        try:
            self._become_worker(config)
            self._run_tests()
            self._send("stopped", (self._session.shouldfail, self._session.shouldstop))
        except pytest.exit.Exception as error:
            self._send("exit", (str(error.msg), error.returncode))
        except KeyboardInterrupt:
            self._send("interrupted")
        except BaseException:
            self._send("broken", traceback.format_exc())
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent may pass on what a terminal has sent already
            self._end(config)

    def _become_worker(self, config: pytest.Config) -> None:
        """Have an own folder, an own file for captured output, and no terminal."""
        os.environ[NAME_VARIABLE] = self._name
        factory = config._tmp_path_factory  # type: ignore[attr-defined]
        factory._basetemp = factory.getbasetemp() / f"popen-{self._name}"
        factory._basetemp.mkdir(mode=0o700)
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.stop_global_capturing()
            capture.start_global_capturing()
            capture.suspend_global_capture()
        config.pluginmanager.unregister(name="terminalreporter")
        config.pluginmanager.register(self, "forked-worker")
        self._is_ready = True
        config.hook.pytest_forked_worker_begins(config=config)

    def _run_tests(self) -> None:
        items, hook = self._session.items, self._session.config.hook
        places = deque(self._ask())
        while places and not self._is_told_to_stop():
            place = places.popleft()
            if not places:  # what comes next decides which fixtures end with this test
                places.extend(self._ask())
            self._send("begin", place)
            hook.pytest_runtest_protocol(item=items[place], nextitem=items[places[0]] if places else None)
            self._send("end", place)

    def _ask(self) -> list[int]:
        self._send("ask")
        places: list[int] | None = self._connection.recv()
        self._is_stopped = places is None
        return places or []

    def _is_told_to_stop(self) -> bool:
        if self._connection.poll():
            self._is_stopped = self._connection.recv() is None
        return bool(self._is_stopped or self._session.shouldfail or self._session.shouldstop)

    def _end(self, config: pytest.Config) -> None:
        try:
            self._session._setupstate.teardown_exact(None)
            config.hook.pytest_forked_worker_ends(config=config)
        except BaseException:
            self._send("broken", traceback.format_exc())
        self._send("done")

    def _send(self, name: str, value: Any = None) -> None:
        self._connection.send((name, value))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send a report."""
        config = self._session.config
        self._send("report", config.hook.pytest_report_to_serializable(config=config, report=report))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: tuple[str, int, str] | None
    ) -> None:
        """Send a warning of a test; those of the collection, which pytest repeats here, are the parent's."""
        if self._is_ready:
            self._send("warning", (serialize_warning_message(warning_message), when, nodeid, location))
