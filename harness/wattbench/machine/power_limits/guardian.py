"""Set power limits back when the run that changed them has died: `python guardian.py PID`, as a process of its own.

The run starts it before it changes a limit, and writes a line of JSON to its standard input before each change and
after each restoration: the note and the earlier limits, or ``{}``. When the run ends, however it ends, the kernel
closes the pipe, and the last complete line says what is left to be done. Until then this process only waits.

It imports nothing of wattbench, so that it starts at once and stays small. What it shares with the run is defined here.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pynvml

READY = b"ready\n"
_READ_BYTES = 65_536


def main(run: int) -> int:
    """Wait until a run ends, and set back the power limits that it left changed.

    Args:
        run: its process.

    Returns:
        The exit status: 1 if a limit could not be set back.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    pynvml.nvmlInit()
    os.write(1, READY)
    left = json.loads(_last_line(run) or b"{}")
    if not left:
        return 0
    with suppress(FileNotFoundError):  # another run has set them back
        descriptor = open_note(Path(left["note"]), wait=True)
        if set_limits(pynvml, handles_by_uuid(pynvml), left["earlier_mw"]):
            return 1
        Path(left["note"]).unlink()
        os.close(descriptor)
    return 0


def _last_line(run: int) -> bytes:
    """Wait for the end of a run, and return the last complete line that it wrote."""
    waiting, last, rest = select.poll(), b"", b""
    waiting.register(0, select.POLLIN | select.POLLHUP)
    process = -1
    if os.getppid() == run:
        with suppress(OSError, AttributeError):  # an older kernel: the pipe alone says it
            # What the run forked may hold the pipe open after it.
            process = os.pidfd_open(run)
            waiting.register(process, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in waiting.poll()}
        if 0 in ready:
            if not (part := os.read(0, _READ_BYTES)):
                return last
            *lines, rest = (rest + part).split(b"\n")
            last = lines[-1] if lines else last
        elif process in ready:
            return last


def open_note(path: Path, *, wait: bool) -> int:
    """Open and lock a note of earlier limits, and return its descriptor. The lock ends with this process.

    The lock is of a process, and not of a descriptor: what the process forks does not have it.

    Args:
        path: of the note.
        wait: wait for another process to end or to unlock it.

    Raises:
        BlockingIOError: another process has it locked, and `wait` is False.
        FileNotFoundError: it is not there, or it was removed meanwhile.
        OSError: it cannot be opened, or it is not a file of this user.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid():
            raise PermissionError("it is not a file of this user")
        fcntl.lockf(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(descriptor).st_nlink:
            raise FileNotFoundError("it was removed")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def handles_by_uuid(nvml: Any) -> dict[str, Any]:
    """Return the handle of each GPU of this machine that answers.

    Raises:
        NVMLError: the driver does not count its GPUs.
    """
    handles = {}
    for index in range(nvml.nvmlDeviceGetCount()):
        with suppress(nvml.NVMLError):
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            handles[nvml.nvmlDeviceGetUUID(handle)] = handle
    return handles


def set_limits(nvml: Any, handles: Mapping[str, Any], limits_mw: Mapping[str, int]) -> dict[str, str]:
    """Set the power limits of GPUs, and read them back.

    Args:
        nvml: the initialised `pynvml`.
        handles: of the GPUs, by UUID.
        limits_mw: UUID to milliwatts. A limit outside what the GPU allows is not set.

    Returns:
        UUID to why its limit was not set; empty if all were.
    """
    failed = {}
    for uuid, limit_mw in limits_mw.items():
        try:
            handle = handles[uuid]
            least_mw, most_mw = nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle)
            if not least_mw <= limit_mw <= most_mw:
                failed[uuid] = f"it allows {least_mw / 1000:g} W to {most_mw / 1000:g} W"
                continue
            if nvml.nvmlDeviceGetPowerManagementLimit(handle) != limit_mw:  # else no permission is needed
                nvml.nvmlDeviceSetPowerManagementLimit(handle, limit_mw)
            now_mw = nvml.nvmlDeviceGetPowerManagementLimit(handle)
            if not is_limit(now_mw, limit_mw):
                failed[uuid] = f"the driver then says {now_mw / 1000:g} W"
        except KeyError:
            failed[uuid] = "this GPU is not there"
        except nvml.NVMLError as error:
            failed[uuid] = refusal(nvml, error)
    return failed


def refusal(nvml: Any, error: Any) -> str:
    """Return in words why NVML refused to set a power limit."""
    if error.value == nvml.NVML_ERROR_NO_PERMISSION:
        return "only root may set it"
    if error.value == nvml.NVML_ERROR_NOT_SUPPORTED:
        return "this GPU does not let its power limit be set"
    return f"the driver refused it ({error})"


def is_limit(now_mw: int, wanted_mw: int) -> bool:
    """Return whether two limits are the same. Drivers may keep whole watts."""
    return abs(now_mw - wanted_mw) < 1000


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
