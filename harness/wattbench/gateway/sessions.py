"""Find the session of a call, and refuse calls over its limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wattbench.redaction import hide
from wattbench.terminal import clipped, printable

SESSION_HEADER = "x-wattbench-session"
MOST_OF_NAME = 100
"""Characters of the name that a client gives a session."""
MOST_TRACES = 256
"""Of one session: a client that begins a new trace for each call needs to name it each time."""

_OF_SESSION = re.compile(r"/s/([^/]*)(/.*)?", re.DOTALL)
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context, section 3.2, "Traceparent header"."""


@dataclass
class OpenSession:
    """A session that takes calls."""

    id: str
    max_calls: int | None
    max_tokens: int | None
    calls: int = 0
    """Sent so far."""
    tokens: int = 0
    """Of the calls that have ended, as far as they are recorded."""
    over: str | None = None
    """The limit that its calls have reached, of those that are known elsewhere."""
    failed: dict[bytes, str] = field(default_factory=dict)
    """Digest of the body of each failed call, and the call."""
    traces: set[str] = field(default_factory=set)
    under_way: set[Any] = field(default_factory=set)
    closed: bool = False
    priced: bool = False
    """Whether the parent says after each call whether its cost is over a limit. No call begins before it has."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    unsettled: int = 0

    def __post_init__(self) -> None:
        self.settled.set()

    def unsettle(self) -> None:
        """Wait for the parent's word on the cost of a call that has ended."""
        if self.priced:
            self.unsettled += 1
            self.settled.clear()

    def settle(self, over: str | None) -> None:
        """Take the parent's word on a call: the limit of cost that is reached, or None."""
        self.over = self.over or over
        self.unsettled -= 1
        if self.unsettled <= 0:
            self.settled.set()

    def refusal(self) -> str | None:
        """Return the limit that one more call would exceed; None if it may be sent."""
        if self.max_calls is not None and self.calls >= self.max_calls:
            return f"max_calls: {self.max_calls}"
        if self.max_tokens is not None and self.tokens >= self.max_tokens:
            return f"max_tokens: {self.max_tokens}"
        return self.over


class Sessions:
    """The open sessions, by their ids and by the traces that were seen with them."""

    def __init__(self, *, adopts: bool = False) -> None:
        """Begin without sessions.

        Args:
            adopts: whether a call may name a session of its own, by a header or a trace: it goes before that of its
                path.
        """
        self._adopts = adopts
        self._open: dict[str, OpenSession] = {}
        self._of_trace: dict[str, OpenSession] = {}

    def open(self, session: OpenSession) -> None:
        """Take calls of a session from now on. Its id may be a trace, too."""
        self._open[session.id] = session

    def get(self, name: str) -> OpenSession | None:
        """Return an open session; None without one of this id."""
        return self._open.get(name)

    def close(self, name: str) -> OpenSession | None:
        """Take no further call of a session, and return it."""
        session = self._open.pop(name, None)
        for trace in session.traces if session else ():
            del self._of_trace[trace]
        return session

    def find(self, path: str, headers: Mapping[str, str]) -> tuple[OpenSession | None, str]:
        """Return the session that a call names, by its path, a header or a trace, and the path without it.

        A call that names none has none.

        Raises:
            KeyError: it names one that is not open.
        """
        named = headers.get(SESSION_HEADER)
        if in_path := _OF_SESSION.fullmatch(path):
            named, path = in_path[1], in_path[2] or "/"
        trace = _TRACE.fullmatch(headers.get("traceparent", ""))
        if self._adopts and (given := headers.get(SESSION_HEADER) or (trace and trace[1])):
            name = clipped(printable(hide(given)), MOST_OF_NAME)
            return self._open.setdefault(name, OpenSession(name, None, None)), path
        if named is None:
            return (self._of_trace.get(trace[1]) or self._open.get(trace[1]) if trace else None), path
        session = self._open[named]
        if trace and trace[1] not in self._of_trace and len(session.traces) < MOST_TRACES:
            session.traces.add(trace[1])
            self._of_trace[trace[1]] = session
        return session, path
