"""Fork workers after the collection, hand files to them, and pass on what they report."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from xdist.workermanage import unserialize_warning_message

from tests.forking.hand_out import HandOut
from tests.forking.worker import Worker

END_WITHIN_S = 20.0
"""For how long a worker may tear down what its tests have set up, and wait for what they have left."""


@dataclass
class Child:
    """A worker as its parent sees it."""

    name: str
    number: int
    process: BaseProcess
    connection: Connection
    ended: int
    """A descriptor that can be read when the process has ended: a process of a test may hold its pipe open."""
    places: deque[int] = field(default_factory=deque)
    running: int | None = None
    last: int | None = None
    is_done: bool = False


class Parent:
    """Runs the tests of a session in workers."""

    def __init__(self, session: pytest.Session, workers: int, units: HandOut) -> None:
        self._session = session
        self._workers = workers
        self._units = units
        self._children: list[Child] = []
        self._started = 0
        self._is_stopping = False
        self._worker_stops: str | bool = False

    def run(self) -> None:
        """Run all tests; raise what ends a session early."""
        self._session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # workers' folders are in it
        try:
            for _ in range(min(self._workers, len(self._units))):
                self._start()
            while self._children:
                self._look()
                self._stop_if_asked()
        finally:
            self._end_all()
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)
        if stop := self._session.shouldstop or self._worker_stops:
            raise self._session.Interrupted(stop)

    def _start(self) -> None:
        number, name = self._started, f"gw{self._started}"
        self._started += 1
        mine, its = multiprocessing.Pipe()
        held = [mine, *(child.connection for child in self._children)]
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(self._session, name, its, held), name=name
        )
        process.start()
        its.close()
        assert process.pid is not None
        self._children.append(Child(name, number % self._workers, process, mine, os.pidfd_open(process.pid)))

    def _look(self) -> None:
        """Wait for a message or an end, and see to what there is."""
        children = {child.connection: child for child in self._children}
        ends = {child.ended: child for child in self._children}
        ready = wait([*children, *ends])
        for child in [children[each] for each in ready if isinstance(each, Connection)]:
            self._receive(child)
        for child in [ends[each] for each in ready if isinstance(each, int)]:
            while self._receive(child):
                pass
            self._bury(child)

    def _receive(self, child: Child) -> bool:
        """Take one message, if there is one."""
        try:
            if not child.connection.poll():
                return False
            name, value = child.connection.recv()
        except (EOFError, OSError):
            return False
        getattr(self, f"_on_{name}")(child, value)
        return True

    def _on_ask(self, child: Child, _: None) -> None:
        if self._is_stopping:
            return  # it has been sent a stop
        unit = self._units.next_unit(child.number)
        child.places.extend(unit)
        self._send(child, unit)

    def _on_begin(self, child: Child, place: int) -> None:
        child.places.popleft()
        child.running = child.last = place
        item = self._session.items[place]
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)

    def _on_end(self, child: Child, place: int) -> None:
        child.running = None
        item = self._session.items[place]
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _on_report(self, _: Child, data: dict[str, Any]) -> None:
        config = self._session.config
        report = config.hook.pytest_report_from_serializable(config=config, data=data)
        config.hook.pytest_runtest_logreport(report=report)

    def _on_warning(self, _: Child, value: tuple[dict[str, Any], str, str, Any]) -> None:
        data, when, nodeid, location = value
        self._session.config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": unserialize_warning_message(data),
                "when": when,
                "nodeid": nodeid,
                "location": location,
            }
        )

    def _on_stopped(self, _: Child, reasons: tuple[str | bool, str | bool]) -> None:
        """Stop all where a test has asked its own session to stop."""
        self._worker_stops = self._worker_stops or reasons[1]

    def _on_exit(self, _: Child, value: tuple[str, int | None]) -> None:
        pytest.exit(*value)

    def _on_interrupted(self, _: Child, __: None) -> None:
        raise KeyboardInterrupt

    def _on_broken(self, child: Child, text: str) -> None:
        raise RuntimeError(f"worker {child.name} failed between tests:\n{text}")

    def _on_done(self, child: Child, _: None) -> None:
        child.is_done = True
        _end(child)  # a thread or process that a test has left must not hold up the run

    def _send(self, child: Child, unit: list[int] | None) -> None:
        with contextlib.suppress(OSError):  # it may have died: the end of its process is seen next
            child.connection.send(unit)

    def _stop_if_asked(self) -> None:
        stops = self._session.shouldfail or self._session.shouldstop or self._worker_stops
        if stops and not self._is_stopping:
            self._is_stopping = True
            for child in self._children:
                self._send(child, None)

    def _bury(self, child: Child) -> None:
        """Forget a worker that has ended; if it died, fail its test and let another run the rest."""
        child.process.join()
        os.close(child.ended)
        child.connection.close()
        self._children.remove(child)
        if child.is_done:
            return
        if child.running is None and child.places and child.last is None:
            child.running = child.places.popleft()  # it died before its first test, and so might all others
        self._fail(child)
        self._units.give_back([*child.places])
        if self._units and not self._is_stopping:
            self._start()

    def _fail(self, child: Child) -> None:
        place = child.running if child.running is not None else child.last
        code = child.process.exitcode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        while_ = "while running" if child.running is not None else "after"
        if place is None:
            raise RuntimeError(f"worker {child.name} died before its first test: {how}")
        item = self._session.items[place]
        report = pytest.TestReport(
            nodeid=item.nodeid, location=item.location, keywords={}, outcome="failed", when="call",
            longrepr=f"worker {child.name} died {while_} {item.nodeid}: {how}",
        )  # fmt: skip
        item.ihook.pytest_runtest_logreport(report=report)

    def _end_all(self) -> None:
        """Interrupt workers that still run, and kill those that do not end."""
        for child in self._children:
            child.process.join(0)
            if child.process.exitcode is None and child.process.pid is not None:
                os.kill(child.process.pid, signal.SIGINT)
        for child in self._children:
            _end(child)
        self._children.clear()


def _end(child: Child) -> None:
    """Wait for the end of a worker, for so long; then kill it."""
    child.process.join(END_WITHIN_S)
    child.process.kill()
    child.process.join()


def _work(session: pytest.Session, name: str, connection: Connection, held: list[Connection]) -> None:
    for each in held:  # or another worker would not see that the parent has ended
        each.close()
    Worker(session, name, connection).run()
