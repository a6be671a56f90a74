"""Give one request an allowance of time and bytes, which everything that it asks of the network heeds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from wattbench.clock import now_s


class StreamError(Exception):
    """What a server sent cannot be used; the text says what was wrong, and may quote it."""


class EarlyAnswerError(StreamError):
    """Nothing was read for an answer since its request was sent: it came before."""

    def __init__(self) -> None:
        super().__init__("it sent an answer before the request, after the end of the one before")


class CarryingConnection(Protocol):
    """A connection that carries requests, one after the other."""

    carried: set[int]
    """By what the answers that it has carried are known again."""
    last: bytes
    """What was read last, but for pieces of a body."""
    approved: bool
    """Whether its last answer allows another request."""


class Allowance:
    """What a request may still take."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._deadline_s = time.monotonic() + seconds
        self._most_bytes = most_bytes
        self._left_bytes = most_bytes
        self.reads = 0
        """How often something has come from the server."""
        self.began_s: float | None = None
        """When the network was first used, to connect or to write (`wattbench.clock`); None before."""
        self.connection: CarryingConnection | None = None
        """To which the request was written last; None before."""
        self.answered = False
        """What has come is the answer to the request, as far as can be seen."""

    def shorten(self, seconds: float, most_bytes: int) -> None:
        """Allow no more than this from now on."""
        self._deadline_s = min(self._deadline_s, time.monotonic() + seconds)
        self._left_bytes = min(self._left_bytes, most_bytes)

    def left_s(self) -> float:
        """Return how long the request may still take; 0 or less: it has taken all of its time."""
        return self._deadline_s - time.monotonic()

    def wait_s(self, timeout_s: float | None, late: type[Exception]) -> float:
        """Return how long the next operation may take.

        Args:
            timeout_s: the most that it may take in any case.
            late: what is raised if no time is left.
        """
        if self.began_s is None:
            self.began_s = now_s()
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise late("no time is left")
        return left_s if timeout_s is None else min(left_s, timeout_s)

    @property
    def left_bytes(self) -> int:
        """Return how many bytes may still come; fewer than 0: more came than are allowed."""
        return self._left_bytes

    @property
    def any_came(self) -> bool:
        """Return whether the server has sent anything."""
        return self._left_bytes < self._most_bytes

    def take(self, number: int, reads: int = 1) -> None:
        """Count bytes that came from the server, in one read or several.

        Raises:
            StreamError: they are more than allowed.
        """
        self.reads += reads
        self._left_bytes -= number
        if self._left_bytes < 0:
            raise StreamError(f"it sent more than {self._most_bytes} bytes for one answer")


_of_thread = threading.local()


def allowance() -> Allowance | None:
    """Return the allowance of the request that this thread is making."""
    return getattr(_of_thread, "allowance", None)


@contextmanager
def allowed(seconds: float, most_bytes: int) -> Iterator[Allowance]:
    """Give what this thread asks of the network an allowance. A request is made, and read, in one thread."""
    _of_thread.allowance = Allowance(seconds, most_bytes)
    try:
        yield _of_thread.allowance
    finally:
        _of_thread.allowance = None
