"""Wait for a measuring lock that another measurement holds, with a time limit and progress messages."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.machine.lock_holder import LockHolder
from wattbench.progress.remaining import duration
from wattbench.terminal import clipped, printable

HERE = "on this machine"
POLL_S = 1.0
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
            self.sleep(min(POLL_S, left_s))
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
