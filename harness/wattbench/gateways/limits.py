"""Define the settings of a gateway: the server behind it, and the limits of a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wattbench.records import CallRow


@dataclass(frozen=True)
class Upstream:
    """The server behind a gateway."""

    base_url: str
    """With or without `/v1` at its end: `http://127.0.0.1:4711/v1`, `https://api.anthropic.com`."""
    key: str | None = None
    """Sent in place of the key that a client sends; None: the client's own passes through. It reaches no record."""
    timeout_s: float = 300.0
    """How long one call may take, from connecting to its last byte."""


@dataclass(frozen=True)
class SessionLimits:
    """The most that a session may use; None: no limit. The call that would exceed a limit is refused."""

    max_calls: int | None = None
    max_tokens: int | None = None
    """Of prompts and answers, added."""
    max_cost: float | None = None
    cost_of: Callable[[CallRow], float | None] | None = None
    """Returns the money of a call; None where it is not known."""
