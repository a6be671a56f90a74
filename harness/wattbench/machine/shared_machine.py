"""Share this machine with other runs, and have it alone only while this run measures.

What is under the lock: idle draw and measured windows, from the first to the last. What is not: reading the suite and
its tasks, loading (except where GPUs can be used, whose memory all runs share), scoring, tables. A run with `energy:
off` takes no lock.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.machine import measuring_lock
from wattbench.machine.lock_holder import SAY_EVERY_S, Doing, Waiting
from wattbench.machine.run_presence import RunPresence

TELL_EVERY_S = 10.0
"""How often a run that measures says when it expects to end."""


class SharedMachine:
    """This machine, as one run uses it. Without `shared`, the run holds the lock already or needs none."""

    def __init__(self) -> None:
        """Begin without a lock and without an announcement."""
        self._waiting: Waiting | None = None
        self._presence: RunPresence | None = None
        self._loads_alone = self._is_alone = False
        self._run: Path | None = None

    @contextlib.contextmanager
    def shared(self, waiting: Waiting, *, metered: bool) -> Iterator[None]:
        """Announce this run to other runs, and let it lock the machine only while it measures.

        Args:
            waiting: for another measurement to end. One that begins after this run is waited for in any case.
            metered: whether joules are measured; without, the machine is never taken.

        Raises:
            UserError: another measures already, and `waiting` does not wait.
        """
        if metered:
            measuring_lock.refuse_if_taken(waiting)
            self._waiting = waiting if waiting.limit_s else replace(waiting, limit_s=math.inf)
            self._loads_alone = measuring_lock.has_gpus()
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(UserError):  # no folder of locks: it is not seen
                presence = measuring_lock.presence_here(Doing.PREPARES if metered else Doing.ENERGY_OFF)
                self._presence = stack.enter_context(presence)
            yield

    def name_run(self, root: Path) -> None:
        """Announce which run is being written."""
        self._run = root
        if self._presence is not None:
            self._presence.name_run(root)
        measuring_lock.name_run(root)

    @property
    def is_waited_for(self) -> bool:
        """Return whether another run measures on this machine now, so that this run has to wait."""
        return self._waiting is not None and measuring_lock.measures_now() is not None

    @contextlib.contextmanager
    def alone(self, say: Callable[[str], None], left_s: Callable[[], float | None]) -> Iterator[None]:
        """Lock the machine for this run alone. Inside another such block nothing changes.

        Args:
            say: takes what is to be said of a wait.
            left_s: returns how long this will take, for others that wait; None: not known. Called by another thread.

        Raises:
            UserError: another measures, and the time to wait is over.
        """
        if self._waiting is None or self._is_alone:
            yield
            return
        often = TELL_EVERY_S if self._waiting.show is not None else SAY_EVERY_S
        waiting = replace(self._waiting, say=say, show=None, say_every_s=often)  # the progress has the terminal
        with self._doing(Doing.WAITS), measuring_lock.measuring_lock(waiting):
            self._is_alone = True
            if self._run is not None:
                measuring_lock.name_run(self._run)
            try:
                with self._doing(Doing.MEASURES), _telling(left_s):
                    yield
            finally:
                self._is_alone = False

    def loading(self, say: Callable[[str], None], left_s: Callable[[], float | None]) -> AbstractContextManager[None]:
        """Lock the machine for this run while systems are loaded, if they use GPU memory that other runs share.

        Raises:
            UserError: as `alone`.
        """
        return self.alone(say, left_s) if self._loads_alone else contextlib.nullcontext()

    @contextlib.contextmanager
    def _doing(self, does: Doing) -> Iterator[None]:
        """Announce what this run does, and at the end that it prepares again."""
        if self._presence is not None:
            self._presence.say(does)
        try:
            yield
        finally:
            if self._presence is not None:
                self._presence.say(Doing.PREPARES)


@contextlib.contextmanager
def _telling(left_s: Callable[[], float | None]) -> Iterator[None]:
    """Announce every so often when this process expects to end its measurement."""
    stop = threading.Event()

    def tell() -> None:
        while not stop.wait(TELL_EVERY_S):
            left = left_s()
            measuring_lock.name_end(None if left is None else now_s() + left)

    thread = threading.Thread(target=tell, name="wattbench-lock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
