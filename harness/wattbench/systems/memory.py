"""Read and reset peak memory, as the kernel counts it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from pathlib import Path


def reset_peak() -> None:
    """Reset this process's peak, so that the next reading covers only the time from now on. Linux only."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): 5 resets the peak resident set size


def return_freed() -> None:
    """Return freed memory to the kernel, so that it is not in the next system's peak. GNU libc only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def peak_resident_bytes(pid: int | None = None) -> int | None:
    """Return the highest resident memory of a process since its start (or its last `reset_peak`); None if
    unknown.

    Source: ``VmHWM`` of ``/proc/<pid>/status``, proc(5).
    """
    try:
        status = Path(f"/proc/{os.getpid() if pid is None else pid}/status").read_text()
    except OSError:
        return None
    peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(peak[1]) * 1024 if peak else None
