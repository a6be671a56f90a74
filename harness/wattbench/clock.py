"""Read one clock for every stamp: seconds since the Unix epoch that never run backwards.

The wall clock may be stepped by NTP in the middle of a request, and a monotonic clock means nothing
to the next process. So the wall clock is read once, when the process starts, and the monotonic
clock carries it on. A double resolves such a figure to about a quarter of a microsecond.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_OFFSET_S = time.time() - time.perf_counter()


def now_s() -> float:
    """Return seconds since the Unix epoch, monotonic within this process."""
    return _OFFSET_S + time.perf_counter()


def machine_s(at_s: float) -> float:
    """Convert a stamp of `now_s` to the clock that all processes of this machine share and none can set."""
    return at_s - _OFFSET_S


def stamp_s(machine_s: float) -> float:
    """Convert a moment of `machine_s` to a stamp of `now_s`."""
    return machine_s + _OFFSET_S


def clock_of_boot() -> dict[str, Any] | None:
    """Return a digest of this boot, and the wall clock's offset from the time since then, which cannot be set.

    Returns:
        `boot`, a digest of the name that the kernel gave itself when it started, and `offset_s`, the wall clock minus
        the seconds since then: a later one of the same boot that differs shows that the clock was set. None where the
        system has neither.
    """
    try:
        boot = _BOOT_ID.read_bytes()
        offset_s = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    except (AttributeError, OSError):  # not Linux
        return None
    return {"boot": hashlib.sha256(boot.strip()).hexdigest()[:16], "offset_s": round(offset_s, 3)}
