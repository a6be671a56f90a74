"""Start the gateway's process, and open and close sessions in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from wattbench.gateway.limits import SessionLimits, Upstream
from wattbench.records import CallRow


class Session:
    """One attempt of an agent, as its gateway sees it."""

    id: str
    base_url: str
    """For clients of OpenAI's protocol: ``http://127.0.0.1:4711/s/<id>/v1``."""
    anthropic_url: str
    """For clients of Anthropic's, which add `/v1/messages` themselves: ``http://127.0.0.1:4711/s/<id>``."""

    @property
    def calls(self) -> Sequence[CallRow]:
        """Return the calls that have ended so far, in the order in which they ended."""
        raise NotImplementedError

    @property
    def over_limit(self) -> str | None:
        """Return which limit a call was refused by, such as ``max_calls: 100``; None while there is none."""
        raise NotImplementedError

    def close(self) -> Sequence[CallRow]:
        """End the session: cancel calls under way, refuse later ones, and return all calls. Safe to call twice."""
        raise NotImplementedError


class Gateway:
    """A running gateway. Building one starts its process; use as a context manager."""

    url: str
    """Its address: ``http://127.0.0.1:4711``."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        system: str,
        keep: Callable[[CallRow], None],
        record_prompts: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Start the gateway and wait until it is ready.

        Args:
            upstream: the server behind it.
            system: whose calls they are, for the rows.
            keep: takes each call as it ends, from one thread; it is also called for calls without a session.
            record_prompts: whether rows hold the bodies, redacted.
            host: the address that it listens at; any other than loopback only where a user asked for it.
            port: 0: a free one.

        Raises:
            UserError: it cannot be started, and what to do about it.
        """
        raise NotImplementedError

    def open_session(self, limits: SessionLimits | None = None) -> Session:
        """Open a session. If the gateway's process has died it is started anew, at the same port.

        Raises:
            UserError: it cannot be started.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End all sessions and the process. Safe to call twice."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
