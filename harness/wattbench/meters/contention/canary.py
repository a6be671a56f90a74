"""Time a fixed piece of work: it takes longer where something shares cores, caches or memory.

No counter of the kernel shows that.
"""

from __future__ import annotations

import functools
import statistics
import threading
import time
from dataclasses import dataclass
from typing import Any

SLICES = 5
"""The work is divided into this many equal parts, of which the median counts: an interrupt or two does no harm."""
GATHERED = 1 << 19
"""Numbers that a slice fetches from all over a table that is larger than a core's own caches."""
TABLE = 1 << 20
"""Numbers in the table: 8 MB, and as much for the order in which they are fetched."""
COMPUTED = 1 << 12
"""Numbers that a slice computes with, over and over: they stay in the innermost cache."""
ROUNDS = 1000
EVERY = 120.0
"""It is at rest for this many times its own length: less than a hundredth of a core, snapshots included."""
CALIBRATIONS = 3
"""How often it is timed at rest, once in a process."""


@dataclass(frozen=True)
class CanaryTime:
    """How long the work took, and when."""

    at_s: float
    """By `time.perf_counter`."""
    slice_s: float
    """The median part."""
    total_s: float


class Canary:
    """The work, its time at rest, and its last time. Used by one thread at a time."""

    def __init__(self) -> None:
        import numpy as np

        self._np: Any = np
        order = np.random.default_rng(7).permutation(TABLE)
        self._table = np.arange(TABLE, dtype=np.float64)
        self._order = order.reshape(-1, GATHERED)
        self._fetched = np.empty(GATHERED)
        self._numbers = np.linspace(1.0, 2.0, COMPUTED)
        self._lock = threading.Lock()
        self._last: CanaryTime | None = None
        self._run()  # the first one is slow: pages and code are not there yet
        self.rest_s = statistics.median(self._run().slice_s for _ in range(CALIBRATIONS))
        """The median part when metering first opened, in seconds."""

    def recent(self) -> CanaryTime:
        """Return its time of now, or its last if that is so recent that another would cost too much."""
        with self._lock:
            last = self._last
            if last is None or time.perf_counter() - last.at_s >= EVERY * last.total_s:
                last = self._last = self._run()
            return last

    def _run(self) -> CanaryTime:
        parts_s = []
        for part in range(SLICES):
            started_s = time.perf_counter()
            self._np.take(self._table, self._order[part % len(self._order)], out=self._fetched, mode="clip")
            for _ in range(ROUNDS):
                self._np.sqrt(self._numbers, out=self._numbers)
                self._np.square(self._numbers, out=self._numbers)
            parts_s.append(time.perf_counter() - started_s)
        return CanaryTime(time.perf_counter(), statistics.median(parts_s), sum(parts_s))


@functools.cache
def shared_canary() -> Canary:
    """Return the process's canary: calibrated when it is first needed."""
    return Canary()
