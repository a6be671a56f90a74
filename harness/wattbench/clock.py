"""Give the time of one clock for every stamp: seconds since the Unix epoch that never run backwards.

The wall clock may be stepped by NTP in the middle of a request, and a monotonic clock means nothing
to the next process. So the wall clock is read once, when the process starts, and the monotonic
clock carries it on. A double resolves such a figure to about a quarter of a microsecond.
"""

from __future__ import annotations

import time

_OFFSET_S = time.time() - time.perf_counter()


def now_s() -> float:
    """Return seconds since the Unix epoch, monotonic within this process."""
    return _OFFSET_S + time.perf_counter()
