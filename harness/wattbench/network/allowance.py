"""Bound the time and the bytes of one request."""

from __future__ import annotations

import time

from wattbench.clock import now_s


class StreamError(Exception):
    """A server sent something that cannot be used; the text says what, and may quote it."""


class Allowance:
    """The seconds and the bytes that a request may still take."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._deadline_s = time.monotonic() + seconds
        self._most_bytes = self._left_bytes = most_bytes
        self.began_s: float | None = None
        """When the network was first used, to connect or to write (`wattbench.clock`); None before."""

    def left_s(self) -> float:
        """Return the seconds that the next operation may take: more than 0.

        Raises:
            TimeoutError: no time is left.
        """
        if self.began_s is None:
            self.began_s = now_s()
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("no time is left")
        return left_s

    def shorten(self, seconds: float, most_bytes: int) -> None:
        """Reduce the seconds and bytes that are left to at most these."""
        self._deadline_s = min(self._deadline_s, time.monotonic() + seconds)
        self._left_bytes = min(self._left_bytes, most_bytes)

    @property
    def any_came(self) -> bool:
        """Return whether the server has sent anything."""
        return self._left_bytes < self._most_bytes

    def take(self, number: int) -> None:
        """Count bytes that came from the server.

        Raises:
            StreamError: they are more than allowed.
        """
        self._left_bytes -= number
        if self._left_bytes < 0:
            raise StreamError(f"it sent more than {self._most_bytes} bytes for one answer")
