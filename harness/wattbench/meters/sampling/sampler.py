"""Sample meters in a thread: read each at its period while a window is open, and keep and trace the readings."""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.interrupts import held
from wattbench.meters.base import LaggingMeter, Meter, MeterError, Reading, SteppedMeter
from wattbench.meters.sampling.trace import TraceWriter
from wattbench.meters.windows.series import on_line
from wattbench.records.files.atomic_write import failing_as

_POLL_S = 0.1
"""Time between two calls of a lagging meter. A call only looks at a list: it costs almost nothing."""


class Feed:
    """The readings of a lagging meter, in the form that the sampler needs."""

    def __init__(self, meter: LaggingMeter) -> None:
        self.meter = meter
        self.due_s = 0.0
        """When to call it again, seconds since the epoch."""
        self._latest: dict[tuple[str, str], Reading] = {}
        """The last reading of each component's count and power."""
        self._counted: set[str] = set()

    def opening(self) -> list[Reading]:
        """Return the last reading of each component, for a window that opens now."""
        self.news()
        latest = {id(reading): reading for reading in self._latest.values()}
        return sorted(latest.values(), key=lambda reading: reading.at_s)

    def news(self) -> list[Reading]:
        """Return the meter's readings since the last call."""
        try:
            readings = self.meter.take()
        except Exception as error:  # a third party's meter may raise anything; the others must go on
            readings = [Reading(now_s(), gaps=dict.fromkeys(self.meter.provenance, repr(error)))]
        self.due_s = now_s() + _POLL_S
        for reading in readings:
            self._latest.update({("energy", component): reading for component in reading.energy_j})
            self._latest.update({("power", component): reading for component in reading.power_w})
            self._counted |= reading.energy_j.keys()
        return readings

    def behind(self, finished_s: float) -> bool:
        """Return whether the meter's reading of a moment is still expected."""
        return now_s() - finished_s < self.meter.lag_s and any(
            self._latest_s(component) < finished_s for component in self.meter.provenance
        )

    def _latest_s(self, component: str) -> float:
        """Return when a component's count was last read; without counts, when its power was."""
        reading = self._latest.get(("energy" if component in self._counted else "power", component))
        return -math.inf if reading is None else reading.at_s


def counts_at_edges(
    components: Iterable[str], readings: Sequence[Reading], started_s: float, finished_s: float
) -> list[Reading]:
    """Return counts at a window's edges, interpolated between the readings around each edge.

    An edge without a reading on one of its sides has no count: the window then reports it.
    """
    placed = []
    for component in components:
        points = sorted((r.at_s, r.energy_j[component]) for r in readings if component in r.energy_j)
        placed += [
            Reading(at_s, {component: on_line(points, at_s)})
            for at_s in (started_s, finished_s)
            if points and points[0][0] <= at_s <= points[-1][0]
        ]
    return placed


EDGE_ATTEMPTS = 3
"""A window is only valid with its edges, so a read that fails there is tried again at once."""
BETWEEN_ATTEMPTS_S = 0.005
UNEVEN = (0.5, 1.5)
"""Pauses between readings, as shares of the meter's period. At even ones, power that repeats in step with them (a token
every 50 ms, say) would be read at the same point each time, and look steady."""
END_S = 30.0
"""How long the thread may take to end: a meter that does not return (a driver that hangs) does not hold up the run."""
LAGGARDS_EVERY_S = 0.05
"""How often a meter is called, at a window's end, for a reading that is still expected."""


_UNWRITTEN = "cannot write the power trace"


class Sampler:
    """Reads meters, one at a time, for its own thread or for the runner at a window's edge.

    While no window is open it sleeps.
    """

    def __init__(self, meters: Sequence[Meter]) -> None:
        # A stepped meter is read first at an edge: only it can correct its count a moment later.
        prompt = [meter for meter in meters if not isinstance(meter, LaggingMeter)]
        self._meters = sorted(prompt, key=lambda meter: not isinstance(meter, SteppedMeter))
        self._feeds = [Feed(meter) for meter in meters if isinstance(meter, LaggingMeter)]
        self._due_s = dict.fromkeys(range(len(self._meters)), 0.0)
        self._windows: list[list[Reading]] = []
        self._ended: list[list[Reading]] = []
        """Windows that wait for the readings of lagging meters at their end."""
        self._trace: TraceWriter | None = None
        self._traced: frozenset[str] | None = None
        self._trace_failure: str | None = None
        self._uneven = random.Random()  # noqa: S311
        self._change = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="wattbench-sampler", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @held()
    def stop(self) -> None:
        """Stop the thread and close the trace. A thread that hangs in a meter is left: it ends with the process."""
        if not self._change.acquire(timeout=END_S):
            return
        self._stopped = True
        self._change.notify()
        # An interrupt may have left this thread with the lock: the sampler would wait for ever.
        with contextlib.suppress(RuntimeError):
            while True:
                self._change.release()
        self._thread.join(END_S)
        if not self._thread.is_alive():
            self.trace_to(None)

    @held()
    def trace_to(self, path: Path | None, components: frozenset[str] | None = None) -> None:
        """Append readings to this file from now on; None: to no file.

        Args:
            path: of the file.
            components: readings of meters with none of these are left out; None: none is.

        Raises:
            UserError: the file cannot be opened.
        """
        with self._change:
            before, self._trace, self._traced = self._trace, None, components
            if before is not None:
                with failing_as(before.path, _UNWRITTEN):
                    before.close()
            if path is not None:
                with failing_as(path, _UNWRITTEN):
                    self._trace = TraceWriter(path)

    @held()
    def open_window(self) -> tuple[float, list[Reading]]:
        """Read every meter at a window's start, and begin to collect readings for the window.

        Returns:
            The moment from which the window counts, in seconds since the epoch, and the list that collects its
            readings until `close_window`.

        Raises:
            UserError: the trace could not be written (a full disk).
        """
        with self._change:
            for meter in self._meters:
                if isinstance(meter, SteppedMeter):
                    meter.sync()
            edges = [(index, self._read(meter, EDGE_ATTEMPTS)) for index, meter in enumerate(self._meters)]
            readings: list[Reading] = []
            self._windows.append(readings)
            for index, reading in edges:
                self._keep(index, self._settled(index, reading))
            started_s = now_s()
            for feed in self._feeds:
                for reading in feed.opening():
                    self._put(feed.meter, reading, [readings])
            self._raise_trace_failure()
            self._change.notify()
            return started_s, readings

    @held()
    def close_window(self, readings: list[Reading]) -> float:
        """Read every meter at a window's end, and stop collecting readings for the window.

        Where a meter lags, this waits for its reading of that end, as long as the meter says that it may take.

        Returns:
            The moment at which the window ended, in seconds since the epoch.

        Raises:
            UserError: the trace could not be written (a full disk).
        """
        with self._change:
            finished_s = now_s()
            edges = [(index, self._read(meter, EDGE_ATTEMPTS)) for index, meter in enumerate(self._meters)]
            for index, reading in edges:
                self._keep(index, self._settled(index, reading))
            # By identity: two windows may have collected equal readings.
            self._windows = [window for window in self._windows if window is not readings]
            self._ended.append(readings)
            while any(feed.behind(finished_s) for feed in self._feeds):
                self._change.wait(LAGGARDS_EVERY_S)  # lets go of the lock: other windows are sampled meanwhile
                self._take_late_readings()
            self._ended = [window for window in self._ended if window is not readings]
            self._raise_trace_failure()
        return finished_s

    def sync_trace(self) -> None:
        """Wait until the disk has the trace so far, if anything is traced.

        Raises:
            UserError: the disk does not take it.
        """
        trace = self._trace
        if trace is not None:
            with failing_as(trace.path, _UNWRITTEN):
                trace.sync()

    def edge_readings(self, readings: Sequence[Reading], started_s: float, finished_s: float) -> list[Reading]:
        """Return the counts of lagging meters at the start and the end of a closed window."""
        lagging = [component for feed in self._feeds for component in feed.meter.provenance]
        return counts_at_edges(lagging, readings, started_s, finished_s)

    def _run(self) -> None:
        with self._change:
            while not self._stopped:
                if not self._windows or not (self._meters or self._feeds):
                    self._change.wait()
                    continue
                pause_s = min([*self._due_s.values(), *(feed.due_s for feed in self._feeds)]) - now_s()
                if pause_s > 0:
                    self._change.wait(pause_s)  # lets go of the lock, so that edges can be read meanwhile
                    continue
                for index, meter in enumerate(self._meters):
                    if self._due_s[index] <= now_s():
                        self._keep(index, self._read(meter, 1))
                self._take_late_readings()

    def _take_late_readings(self) -> None:
        """Keep the new readings of lagging meters."""
        for feed in self._feeds:
            if feed.due_s <= now_s():
                for reading in feed.news():
                    self._put(feed.meter, reading, self._windows + self._ended)

    def _read(self, meter: Meter, attempts: int) -> Reading:
        """Read a meter, with several attempts if it fails. A component that cannot be read is a gap."""
        reading = _attempt(meter)
        for _ in range(attempts - 1):
            if not reading.gaps:
                break
            time.sleep(BETWEEN_ATTEMPTS_S)
            again = _attempt(meter)
            reading = replace(again, notes=again.notes | reading.notes)
        return reading

    def _settled(self, index: int, reading: Reading) -> Reading:
        meter = self._meters[index]
        return meter.settle(reading) if isinstance(meter, SteppedMeter) else reading

    def _keep(self, index: int, reading: Reading) -> None:
        meter = self._meters[index]
        self._due_s[index] = now_s() + meter.period_s * self._uneven.uniform(*UNEVEN)
        self._put(meter, reading, self._windows)

    def _put(self, meter: Meter, reading: Reading, windows: Sequence[list[Reading]]) -> None:
        for window in windows:
            window.append(reading)
        if self._trace is not None and (self._traced is None or not self._traced.isdisjoint(meter.provenance)):
            try:
                self._trace.write(meter, reading)
            except OSError as error:  # not here, in the sampling thread: at the next edge, where it is raised
                self._trace_failure = f"{self._trace.path}: {_UNWRITTEN} ({error.strerror})"
                self._trace = None

    def _raise_trace_failure(self) -> None:
        if self._trace_failure is not None:
            failure, self._trace_failure = self._trace_failure, None
            raise UserError(failure)


def _attempt(meter: Meter) -> Reading:
    at_s = now_s()
    try:
        return meter.read()
    except MeterError as error:
        reason = str(error)
    except Exception as error:  # a third party's meter may raise anything; the others must go on
        reason = repr(error)
    return Reading(at_s, gaps=dict.fromkeys(meter.provenance, reason))
