"""Time a fixed piece of work: it takes longer where something shares cores, caches or memory.

No counter of the kernel shows that. It is compared with what it usually takes in this process, the median of its last
times, and not with one time at rest: a processor that warms up lowers its clock and keeps it low, which is no
contention, and the machine may have been busy when it was first timed. A spell of several minutes becomes usual too.
"""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

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
CALIBRATIONS = 5
"""How often it is timed before the first window."""
REMEMBERED = 31
"""How many of its last times count for what is usual: three minutes of windows of a few seconds."""


@dataclass(frozen=True)
class CanaryTime:
    """The seconds of the canary's work, and when they were measured."""

    at_s: float
    """By `time.perf_counter`."""
    slice_s: float
    """The median part."""
    total_s: float


class Canary:
    """A fixed piece of work that is timed, with its last times."""

    def __init__(self) -> None:
        self._np: Any = np
        order = np.random.default_rng(7).permutation(TABLE)
        self._table = np.arange(TABLE, dtype=np.float64)
        self._order = order.reshape(-1, GATHERED)
        self._fetched = np.empty(GATHERED)
        self._numbers = np.linspace(1.0, 2.0, COMPUTED)
        self._lock = threading.Lock()
        self._last: CanaryTime | None = None
        self.previous: CanaryTime | None = None
        """The one before the last, since the first window."""
        self._run()  # the first one is slow: pages and code are not there yet
        self._parts_s = deque((self._run().slice_s for _ in range(CALIBRATIONS)), maxlen=REMEMBERED)

    @property
    def usual_s(self) -> float:
        """Return the usual seconds of the work's median part."""
        return statistics.median(self._parts_s)

    def recent(self) -> CanaryTime:
        """Time the work, or return its last time if that is recent."""
        with self._lock:
            last = self._last
            if last is None or time.perf_counter() - last.at_s >= EVERY * last.total_s:
                self.previous = last
                last = self._last = self._run()
                self._parts_s.append(last.slice_s)
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
    """Return the canary of this process; calibrate it at the first call."""
    return Canary()
