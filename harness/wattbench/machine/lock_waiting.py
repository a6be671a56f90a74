"""Wait for a measuring lock that another measurement holds, for some time at most, and say what is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.machine.lock_holder import LockHolder

POLL_S = 1.0
SAY_EVERY_S = 600.0


def _say_nothing(_: str) -> None:
    """For those that have no one to tell."""


@dataclass
class Waiting:
    """How long to wait for locks together, and how it is said."""

    limit_s: float = 0.0
    """0: not at all; infinite: for as long as it takes."""
    say: Callable[[str], None] = _say_nothing
    now: Callable[[], float] = now_s
    sleep: Callable[[float], None] = time.sleep
    _began_s: float | None = field(default=None, init=False)
    _said: tuple[str, LockHolder | None] | None = field(default=None, init=False)
    _said_s: float = field(default=0.0, init=False)

    def go_on(self, where: str, holder: LockHolder | None) -> None:
        """Sleep until the lock is to be looked at again.

        Args:
            where: what the lock is of, as ``on this machine``.
            holder: who holds it; None where that is not known.

        Raises:
            UserError: the time is over, or this process holds the lock itself and would wait for ever.
        """
        now = self.now()
        self._began_s = now if self._began_s is None else self._began_s
        if holder is not None and holder.is_this_process:
            raise UserError(f"another measurement in this process is measuring {where}. {_WHY}; end that one first")
        left_s = self._began_s + self.limit_s - now
        who = "another wattbench run" if holder is None else f"another wattbench run, {holder.describe()},"
        if left_s <= 0:
            still, after = ("still ", f" after a wait of {self.limit_s:.0f} s") if self.limit_s else ("", "")
            raise UserError(
                f"{who} is {still}measuring {where}{after}. {_WHY}; wait for it: --wait, in Python wait=True"
            )
        if self._said != (where, holder) or now - self._said_s >= SAY_EVERY_S:
            self._said, self._said_s = (where, holder), now
            self.say(f"wattbench: waiting: {who} is measuring {where} (Ctrl-C ends the wait)")
        self.sleep(min(POLL_S, left_s))

    def over(self) -> None:
        """Say that the wait is over, if there was one."""
        if self._began_s is not None:
            self.say(f"wattbench: the machine is free, after a wait of {self.now() - self._began_s:.0f} s")


_WHY = "Energy is counted for the whole device, so two runs would bill each other"
