"""Tell whether a process is writing a run: it then holds the run's lock, and the kernel frees it when it ends."""

from __future__ import annotations

import fcntl
import os

from wattbench.records.layout import RunLayout


def is_being_written(layout: RunLayout) -> bool:
    """Return whether a process holds the lock of a run."""
    try:
        descriptor = os.open(layout.lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
