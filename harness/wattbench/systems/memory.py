"""Read and reset peak memory, as the kernel counts it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from pathlib import Path

from wattbench.meters.contention.proc_files import folders


def reset_peak() -> None:
    """Reset this process's peak, so that the next reading covers only the time from now on. Linux only."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): 5 resets the peak resident set size


def return_freed() -> None:
    """Give freed memory back to the kernel, so that it is not in the next system's peak. GNU libc only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def resident_bytes() -> int | None:
    """Return the resident memory of this process now; None if unknown. Source: ``VmRSS`` of ``/proc/self/status``."""
    return _status_bytes("self", "VmRSS")


def peak_resident_bytes(pid: int | None = None) -> int | None:
    """Return the highest resident memory of a process since its start (or its last `reset_peak`); None if
    unknown.

    Source: ``VmHWM`` of ``/proc/<pid>/status``, proc(5).
    """
    return _status_bytes(os.getpid() if pid is None else pid, "VmHWM")


def _status_bytes(process: int | str, field: str) -> int | None:
    try:
        status = Path(f"/proc/{process}/status").read_text(errors="replace")  # a process may have any name
    except OSError:
        return None
    figure = re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)
    return int(figure[1]) * 1024 if figure else None


def available_bytes() -> int | None:
    """Return the memory that this process can still use without swapping: of the machine, or of its control group.

    Sources: ``MemAvailable`` of ``/proc/meminfo``, proc(5); ``memory.max`` and ``memory.current`` of the kernel's
    cgroup v2, less the file cache that can be dropped (``inactive_file``). None if neither can be read.
    """
    known = [amount for amount in (_of_machine(), _of_control_group()) if amount is not None]
    return min(known, default=None)


def device_available_bytes() -> int | None:
    """Return the free memory of the current CUDA device; None without one, or if PyTorch is not loaded."""
    torch = sys.modules.get("torch")
    return int(torch.cuda.mem_get_info()[0]) if torch is not None and torch.cuda.is_available() else None


def device_allocated_bytes() -> int:
    """Return the memory that PyTorch has allocated on the current CUDA device; 0 without one."""
    torch = sys.modules.get("torch")
    return int(torch.cuda.memory_allocated()) if torch is not None and torch.cuda.is_available() else 0


def _of_machine() -> int | None:
    try:
        figure = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(figure[1]) * 1024 if figure else None


def _of_control_group() -> int | None:
    group, *above = folders()
    folder = group if (group / "memory.max").exists() or not above else above[-1]
    try:
        most = (folder / "memory.max").read_text().strip()
        if most == "max":
            return None
        used = int((folder / "memory.current").read_text())
        cache = re.search(r"^inactive_file (\d+)$", (folder / "memory.stat").read_text(), re.MULTILINE)
        return max(int(most) - used + (int(cache[1]) if cache else 0), 0)
    except (OSError, ValueError):
        return None
