"""Follow a slow source in a thread of its own, so that it delays no other meter."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from typing import Protocol

from wattbench.clock import now_s
from wattbench.meters.base import MeterError, Reading
from wattbench.meters.windows.thresholds import MAX_GAP_STEPS

MOST_KEPT = 100_000
"""How many readings are kept for a sampler that does not take them: a day at 1 Hz."""
CLOSING_S = 2.0
"""How long closing waits for the thread, which may be in the middle of a reading."""


class Source(Protocol):
    """The source of readings. Called by the meter's own thread, one call at a time."""

    def open(self) -> list[Reading]: ...  # noqa: D102
    def look(self) -> list[Reading]: ...  # noqa: D102
    def interrupt(self) -> None:
        """End a reading that may be in progress. Another thread calls this."""

    def close(self) -> None: ...  # noqa: D102


class FollowedMeter:
    """A meter whose readings carry the source's stamps, and may come late (`wattbench.meters.base.LaggingMeter`)."""

    def __init__(
        self,
        source: Source,
        *,
        name: str,
        provenance: Mapping[str, str],
        reads: Mapping[str, str],
        every_s: float,
        look_every_s: float,
        step_s: float,
        lag_s: float,
        uneven: float = 0.0,
    ) -> None:
        """Set up the meter without reading the source.

        Args:
            source: of the readings.
            name: of the meter.
            provenance: by component.
            reads: what is read, in words, by component.
            every_s: how often a reading is expected.
            look_every_s: how often the source is asked.
            step_s: how coarsely in time the figures advance.
            lag_s: how long after a moment its reading of that moment may come.
            uneven: by what share the pauses between two looks vary, at random.
        """
        self.name = name
        self.period_s = every_s
        self.lag_s = lag_s
        self.step_s: Mapping[str, float] = dict.fromkeys(provenance, step_s)
        self.provenance: Mapping[str, str] = dict(provenance)
        self.reads: Mapping[str, str] = dict(reads)
        self._source = source
        self._look_every_s = look_every_s
        self._uneven = uneven
        self._stale_s = MAX_GAP_STEPS * step_s + lag_s
        self._lock = threading.Lock()
        self._fresh: list[Reading] = []
        self._latest: Reading | None = None
        self._opened_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Take the first reading, and start the thread.

        Raises:
            MeterError: the source gives none, and why.
        """
        first = self._source.open()
        refused = next((why for reading in first for why in reading.gaps.values()), None)
        if refused is not None:
            self._source.close()
            raise MeterError(refused)
        self._opened_s = now_s()
        self._hold(first)
        self._stop.clear()
        self._thread = threading.Thread(target=self._follow, name=f"wattbench-{self.name}", daemon=True)
        self._thread.start()

    def take(self) -> list[Reading]:
        """Return the readings since the last call; after too long without one, a gap."""
        with self._lock:
            fresh, self._fresh = self._fresh, []
            latest_s = self._opened_s if self._latest is None else self._latest.at_s
        age_s = now_s() - latest_s
        if not fresh and age_s > self._stale_s:
            why = f"its latest reading is {age_s:,.1f} s old"
            return [Reading(now_s(), gaps=dict.fromkeys(self.provenance, why))]
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
        """Stop the thread, and the reading that it may be waiting for."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._source.interrupt()
        thread.join(CLOSING_S)
        self._source.close()

    def late(self, readings: list[Reading]) -> list[Reading]:
        """Return gaps for readings that came too late; none by default."""
        return []

    def _follow(self) -> None:
        pauses = random.Random()  # noqa: S311
        while not self._stop.wait(self._look_every_s * pauses.uniform(1.0 - self._uneven, 1.0 + self._uneven)):
            try:
                readings = self._source.look()
                self._hold([*readings, *self.late(readings)])
            except MeterError as error:
                self._hold([Reading(now_s(), gaps=dict.fromkeys(self.provenance, str(error)))])

    def _hold(self, readings: list[Reading]) -> None:
        with self._lock:
            self._fresh = [*self._fresh, *readings][-MOST_KEPT:]
            for reading in readings:
                if reading.energy_j or reading.power_w:
                    self._latest = reading
