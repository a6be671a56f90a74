"""Who holds a measuring lock: the process, its command, since when, and the run that it writes.

The holder writes this into the lock's file, for those that find it taken. The lock itself is the kernel's: what a
killed process left in the file holds nothing. Every user can write the file, so what it says is only shown.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import psutil

from wattbench.clock import now_s
from wattbench.redaction import hide_command

_MOST_BYTES = 4096
_MOST_CHARACTERS = 300
_SCALES = ((3600, "h"), (60, "min"), (1, "s"))
_PROCESSES_OF = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class LockHolder:
    """The process that measures."""

    pid: int
    processes_of: str
    """Names the container in which `pid` is a process; empty where the system has none."""
    command: str
    since_s: float
    """When it took the lock, in seconds since the epoch."""
    run: str | None = None
    """The directory that it writes; None before there is one."""

    @classmethod
    def here(cls) -> Self:
        """Return this process, as of now. Its command has no secrets."""
        words = [Path(sys.argv[0]).name, *sys.argv[1:]]
        command = " ".join(map(str, hide_command(words)))
        return cls(os.getpid(), _processes(), command[:_MOST_CHARACTERS], now_s())

    @classmethod
    def read(cls, descriptor: int) -> Self | None:
        """Return what a lock's file says; None where it says nothing, or a process that ended wrote it."""
        try:
            given = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
            holder = cls._of(given)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        return None if holder.ended else holder

    @classmethod
    def of_fields(cls, given: Mapping[str, Any]) -> Self | None:
        """Return what fields say that a holder wrote; None where they say nothing."""
        try:
            return cls._of(given)
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> Self:
        run, pid = given["run"], int(given["pid"])
        if not 0 < pid < 2**31:
            raise ValueError(f"no process has the number {pid}")
        return cls(
            pid,
            str(given["processes_of"])[:_MOST_CHARACTERS],
            str(given["command"])[:_MOST_CHARACTERS],
            datetime.fromtimestamp(float(given["since_s"]), UTC).timestamp(),
            None if run is None else str(run)[:_MOST_CHARACTERS],
        )

    def write(self, descriptor: int) -> None:
        """Write this into a lock's file.

        Raises:
            OSError: another user made the file, and it cannot be written.
        """
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(self)).encode(), 0)

    def with_run(self, run: Path) -> Self:
        """Return the same process with the directory that it writes."""
        return replace(self, run=str(run.absolute()))

    @property
    def is_this_process(self) -> bool:
        """Whether it is this process itself."""
        return self._seen_from_here and self.pid == os.getpid()

    @property
    def ended(self) -> bool:
        """Whether the process is known to have ended; of one in another container that cannot be known."""
        return self._seen_from_here and not psutil.pid_exists(self.pid)

    @property
    def _seen_from_here(self) -> bool:
        return self.processes_of == _processes()

    def describe(self) -> str:
        """Return a clause: ``process 4242 (wattbench run quick), since 05:12 UTC (40 min ago), run runs/...``."""
        where = "" if self._seen_from_here else " of another container"
        ago_s = max(now_s() - self.since_s, 0.0)
        scale, unit = next(each for each in _SCALES if ago_s >= 2 * each[0] or each[0] == 1)
        run = "" if self.run is None else f", run {self.run}"
        when = f"{datetime.fromtimestamp(self.since_s, UTC):%Y-%m-%d %H:%M} UTC ({ago_s / scale:.0f} {unit} ago)"
        return f"process {self.pid}{where} ({self.command}), since {when}{run}"


def _processes() -> str:
    try:
        return os.readlink(_PROCESSES_OF)
    except OSError:  # not Linux
        return ""
