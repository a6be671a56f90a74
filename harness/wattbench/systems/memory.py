"""Peak memory, as the kernel counts it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from pathlib import Path


def reset_peak() -> None:
    """Forget this process's peak, so that the next reading is of what comes after. Does nothing but on Linux."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): 5 resets the peak resident set size


def return_freed() -> None:
    """Give memory that was freed back to the kernel, so that the next system's peak is its own. GNU libc only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def peak_resident_bytes(pid: int | None = None) -> int | None:
    """Highest resident memory of a process since its start (or its last `reset_peak`), or None where unknown.

    Source: ``VmHWM`` of ``/proc/<pid>/status``, proc(5).
    """
    try:
        status = Path(f"/proc/{os.getpid() if pid is None else pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else None
