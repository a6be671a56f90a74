"""A process of wattbench as others see it: its command, what it does, since when, and the run that it writes.

It writes this into the file of a lock that it holds: the measuring lock's, for those that find it taken, or that of its
presence. The lock itself is the kernel's: what a killed process left in the file holds nothing. Other users can write
such files, so what they say is only shown.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import psutil

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.progress.remaining import duration
from wattbench.redaction import hide_command
from wattbench.terminal import WIDTH, clipped, printable

_MOST_BYTES = 8192
"""Of a file: two texts of as many characters as may be, escaped as JSON, and the rest."""
_MOST_CHARACTERS = 300
_PROCESSES_OF = Path("/proc/self/ns/pid")


class Doing(StrEnum):
    """What a process of wattbench does."""

    MEASURES = "measures"
    WAITS = "waits for the machine"
    PREPARES = "loads, scores or reports"
    ENERGY_OFF = "energy off"


@dataclass(frozen=True)
class LockHolder:
    """A process of wattbench."""

    pid: int
    processes_of: str
    """Names the container in which `pid` is a process; empty where the system has none."""
    command: str
    since_s: float
    """When it took the lock, in seconds since the epoch."""
    run: str | None = None
    """The directory that it writes; None before there is one."""
    does: Doing = Doing.MEASURES
    ends_s: float | None = None
    """When it expects to measure no longer, in seconds since the epoch; None: it does not say."""

    @classmethod
    def here(cls, does: Doing = Doing.MEASURES) -> Self:
        """Describe this process as it is now, without the secrets in its command."""
        program = Path(sys.argv[0])
        words = [program.parent.name if program.name == "__main__.py" else program.name, *sys.argv[1:]]
        command = " ".join(map(str, hide_command(words)))
        return cls(os.getpid(), _processes(), command[:_MOST_CHARACTERS], now_s(), does=does)

    @classmethod
    def read(cls, descriptor: int) -> Self | None:
        """Read a holder from a lock's file; None if the file has none, or its process has ended."""
        try:
            given = json.loads(os.pread(descriptor, _MOST_BYTES, 0))
            holder = cls._of(given)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        return None if holder.ended else holder

    @classmethod
    def of_fields(cls, given: Mapping[str, Any]) -> Self | None:
        """Build a holder from recorded fields; None if the fields are damaged."""
        try:
            return cls._of(given)
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None

    @classmethod
    def _of(cls, given: Mapping[str, Any]) -> Self:
        run, pid, ends_s = given["run"], int(given["pid"]), given.get("ends_s")
        if not 0 < pid < 2**31:
            raise ValueError(f"no process has the number {pid}")
        return cls(
            pid,
            str(given["processes_of"])[:_MOST_CHARACTERS],
            str(given["command"])[:_MOST_CHARACTERS],
            _stamp(given["since_s"]),
            None if run is None else str(run)[:_MOST_CHARACTERS],
            Doing(given.get("does", Doing.MEASURES)),
            None if ends_s is None else _stamp(ends_s),
        )

    def write(self, descriptor: int) -> None:
        """Write this description into a lock's file.

        Raises:
            OSError: another user made the file, and it cannot be written.
        """
        # In one call and of one length: no reader finds half of it, or an end of what was there before.
        os.pwrite(descriptor, json.dumps(asdict(self)).encode().ljust(_MOST_BYTES), 0)

    def with_run(self, run: Path) -> Self:
        """Return a copy that names the run that the process writes."""
        return replace(self, run=str(run.absolute())[:_MOST_CHARACTERS])

    @property
    def name(self) -> str:
        """Return the short name of the process: ``process 4242 (wattbench run quick)``."""
        return f"process {self.pid}{self._where} ({clipped(printable(self.command), WIDTH)})"

    @property
    def name_with_run(self) -> str:
        """Return the short name of the process with its run: ``process 4242 (wattbench run quick, runs/2026...)``."""
        run = "" if self.run is None else f", {'/'.join(Path(self.run).parts[-2:])}"
        return f"{self.name[:-1]}{run})"

    @property
    def left_s(self) -> float | None:
        """Return the seconds for which the process still expects to measure; None if unknown or overdue."""
        left_s = 0.0 if self.ends_s is None else self.ends_s - now_s()
        return left_s if left_s > 0.0 else None

    @property
    def is_this_process(self) -> bool:
        """Return whether this description is of the current process."""
        return self.seen_from_here and self.pid == os.getpid()

    @property
    def ended(self) -> bool:
        """Return whether the process is known to have ended. False for a process of another container."""
        return self.seen_from_here and not psutil.pid_exists(self.pid)

    @property
    def seen_from_here(self) -> bool:
        """Return whether the process is in this container, so that its number is valid here."""
        return self.processes_of == _processes()

    @property
    def _where(self) -> str:
        return "" if self.seen_from_here else " of another container"

    def describe(self) -> str:
        """Return a clause: ``process 4242 (wattbench run quick), since 05:12 UTC (40 min 3 s ago), run runs/...``."""
        run = "" if self.run is None else f", run {self.run}"
        ago = duration(max(now_s() - self.since_s, 0.0))
        when = f"{datetime.fromtimestamp(self.since_s, UTC):%Y-%m-%d %H:%M} UTC ({ago} ago)"
        return f"process {self.pid}{self._where} ({self.command}), since {when}{run}"

    @property
    def text(self) -> str:
        """Return a description of the process and of what it does: ``process 4242 (...), since ...: measures``."""
        left = f", for {duration(self.left_s)} more" if self.left_s is not None else ""
        return f"{self.describe()}: {self.does}{left}"


def _stamp(given: Any) -> float:
    """Convert a recorded value to seconds since the epoch, and check that it is a valid time.

    Raises:
        ValueError: it is none that can be shown; or OverflowError, TypeError, OSError.
    """
    return datetime.fromtimestamp(float(given), UTC).timestamp()


def _processes() -> str:
    try:
        return os.readlink(_PROCESSES_OF)
    except OSError:  # not Linux
        return ""


HERE = "on this machine"
_POLL_S = 1.0
SAY_EVERY_S = 60.0
"""In a log; what shows the last line alone can be given one more often."""


def _say_nothing(_: str) -> None:
    """Do nothing."""


@dataclass
class Waiting:
    """The time limit for all locks together, and where messages go."""

    limit_s: float = 0.0
    """0: not at all; infinite: for as long as it takes."""
    say: Callable[[str], None] = _say_nothing
    now: Callable[[], float] = now_s
    sleep: Callable[[float], None] = time.sleep
    show: Callable[[str], None] | None = None
    """Shows a line in place of the one before, or none; None: there is no such place, and lines are said."""
    say_every_s: float = SAY_EVERY_S
    _began_s: float | None = field(default=None, init=False)
    _said: tuple[str, int | None, bool] | None = field(default=None, init=False)
    _said_s: float = field(default=0.0, init=False)

    def go_on(self, where: str, holder: LockHolder | None) -> None:
        """Sleep until the next attempt to take the lock.

        Args:
            where: what the lock is of, as ``on this machine``.
            holder: who holds it; None where that is not known.

        Raises:
            UserError: the time is over, or this process holds the lock itself and would wait for ever.
        """
        now = self.now()
        self._began_s = now if self._began_s is None else self._began_s
        left_s = self._began_s + self.limit_s - now
        try:
            self._check(where, holder, left_s)
            self._tell(where, holder, now)
            self.sleep(min(_POLL_S, left_s))
        except BaseException:
            self._clear()
            raise

    def over(self) -> None:
        """Print that the machine is free, if there was a wait."""
        if self._began_s is not None:
            self._clear()
            self.say(f"wattbench: the machine is free, after a wait of {duration(self.now() - self._began_s)}")

    def _check(self, where: str, holder: LockHolder | None, left_s: float) -> None:
        if holder is not None and holder.is_this_process:
            raise UserError(f"another measurement in this process is measuring {where}. {_WHY}; end that one first")
        if left_s <= 0:
            who = "another wattbench run" if holder is None else f"another wattbench run, {holder.describe()},"
            still, after = ("still ", f" after a wait of {self.limit_s:.0f} s") if self.limit_s else ("", "")
            raise UserError(
                f"{who} is {still}measuring {where}{after}. {_WHY}; wait for it: --wait, in Python wait=True"
            )

    def _tell(self, where: str, holder: LockHolder | None, now: float) -> None:
        so_far_s = now - (now if self._began_s is None else self._began_s)
        of = where, None if holder is None else holder.pid, holder is not None and holder.left_s is not None
        who, how_long = _text(where, holder, so_far_s)
        if self.show is not None:
            self.show(_in_one_line(who, how_long))
        elif self._said != of or now - self._said_s >= self.say_every_s:
            self._said, self._said_s = of, now
            self.say(f"wattbench: waiting for {who}, {how_long} (Ctrl-C ends the wait)")

    def _clear(self) -> None:
        if self.show is not None:
            self.show("")


_WHY = "Energy is counted for the whole device, so two runs would bill each other"


def _text(where: str, holder: LockHolder | None, so_far_s: float) -> tuple[str, str]:
    """Return who holds the lock, and how long the wait has lasted and will last, as text."""
    of_gpu = "" if where == HERE else f" {where}"
    left_s = None if holder is None else holder.left_s
    left = "" if left_s is None else f"; it expects {duration(left_s)} more"
    who = "another wattbench run" if holder is None else holder.name_with_run
    return f"{who}{of_gpu}", f"{duration(so_far_s)} so far{left}"


def _in_one_line(who: str, how_long: str) -> str:
    """Return one line for the terminal, shortened so that the time stays visible."""
    most = shutil.get_terminal_size().columns - 1
    before, after = "waiting for ", f", {how_long}"
    return clipped(f"{before}{clipped(printable(who), max(most - len(before + after), _LEAST))}{after}", most)


_LEAST = len("process...")
