"""Read a meter outside the machine or its operating system: a wall-power meter's log, IPMI, a rack's PDU."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Protocol, Self

from wattbench.clock import now_s
from wattbench.config import ExternalSettings
from wattbench.meters.base import COUNTER, INTEGRATED, MeterError, Reading
from wattbench.meters.external.command_output import CommandSource
from wattbench.meters.external.csv_log import CsvLogSource
from wattbench.meters.windows.thresholds import MAX_GAP_STEPS

LOOK_EVERY_S = 0.2
"""How often a log is read, if it gets rows more rarely than that: the longest delay of a row."""
MOST_KEPT = 100_000
"""How many readings are kept for a sampler that does not take them: a day at 1 Hz."""
CLOSING_S = 2.0
"""How long closing waits for the thread, which may be in the middle of a reading."""


class Source(Protocol):
    """The source of readings. Called by the meter's own thread, one call at a time."""

    @property
    def reads(self) -> str: ...  # noqa: D102
    def open(self) -> list[Reading]: ...  # noqa: D102
    def look(self) -> list[Reading]: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class ExternalMeter:
    """One component, read in a thread of its own, so that a slow source delays nothing else.

    Readings carry the source's stamps, and may come late (`wattbench.meters.base.LaggingMeter`).
    """

    Settings = ExternalSettings

    def __init__(self, settings: ExternalSettings) -> None:
        component = settings.component
        log, command = settings.csv, settings.command
        counted = log.energy is not None if log is not None else command is not None and command.energy_unit is not None
        self._source: Source
        if log is not None:
            self._source = CsvLogSource(log, component)
            self.lag_s = settings.every_s + settings.lag_s
            self._look_every_s = min(settings.every_s, LOOK_EVERY_S)
        else:
            assert command is not None  # the suite was checked: one of the two
            self._source = CommandSource(command, component)
            self.lag_s = settings.every_s + command.timeout_s
            self._look_every_s = settings.every_s
        self.name = f"external ({component})"
        self.period_s = settings.every_s
        self.step_s: Mapping[str, float] = {component: settings.every_s}
        self.provenance: Mapping[str, str] = {component: COUNTER if counted else INTEGRATED}
        self.reads: Mapping[str, str] = {component: self._source.reads}
        self._component = component
        self._stale_s = MAX_GAP_STEPS * settings.every_s + self.lag_s
        self._lock = threading.Lock()
        self._fresh: list[Reading] = []
        self._latest: Reading | None = None
        self._opened_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def from_settings(cls, settings: ExternalSettings) -> Self:
        """Make it without reading the source."""
        return cls(settings)

    def open(self) -> None:
        """Take the first reading, and start the thread.

        Raises:
            MeterError: the source gives none: no such file or command, no such column, no figure.
        """
        first = self._source.open()
        refused = next((why for reading in first for why in reading.gaps.values()), None)
        if refused is not None:
            self._source.close()
            raise MeterError(refused)
        self._opened_s = now_s()
        self._hold(first)
        self._stop.clear()
        self._thread = threading.Thread(target=self._follow, name=f"wattbench-{self._component}", daemon=True)
        self._thread.start()

    def take(self) -> list[Reading]:
        """Return the readings since the last call; if there are none for too long, a gap that says so."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            latest_s = self._opened_s if self._latest is None else self._latest.at_s
        age_s = now_s() - latest_s
        if not fresh and age_s > self._stale_s:
            return [Reading(now_s(), gaps={self._component: f"its latest reading is {age_s:,.1f} s old"})]
        return fresh

    def read(self) -> Reading:
        """Return the latest reading.

        Raises:
            MeterError: there is none yet.
        """
        if self._latest is None:
            raise MeterError("no reading has come yet")
        return self._latest

    def close(self) -> None:
        """Stop the thread, and what it may be waiting for."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if isinstance(self._source, CommandSource):
            self._source.close()
        thread.join(CLOSING_S)
        self._source.close()

    def _follow(self) -> None:
        while not self._stop.wait(self._look_every_s):
            try:
                readings = self._source.look()
                self._hold([*readings, *self._late(readings)])
            except MeterError as error:
                self._hold([Reading(now_s(), gaps={self._component: str(error)})])

    def _late(self, readings: list[Reading]) -> list[Reading]:
        """Return a gap that says so if even the newest of these readings came later than the suite allows."""
        age_s = now_s() - max((reading.at_s for reading in readings if not reading.gaps), default=math.inf)
        if age_s <= self.lag_s:
            return []
        why = (
            f"its newest reading came {age_s:,.1f} s after its time stamp, and every_s and lag_s allow {self.lag_s:g} s"
            ": its clock is another, or it is written later; set timezone, offset_s or lag_s"
        )
        return [Reading(now_s(), gaps={self._component: why})]

    def _hold(self, readings: list[Reading]) -> None:
        with self._lock:
            self._fresh = [*self._fresh, *readings][-MOST_KEPT:]
            for reading in readings:
                if not reading.gaps:
                    self._latest = reading
