"""Let requests pass at most as fast as a service allows, and none while it wants to be left alone.

A token bucket that holds one request: what was not sent earlier does not make up for a burst, so that no window of a
minute, however the service lays it, holds more than one request too many.
"""

from __future__ import annotations

import threading
import time

from wattbench.config.apis import Limit

FIRST_BACKOFF_S = 1.0
"""The first wait where a server does not say how long; each further one is twice as long."""
LONGEST_BACKOFF_S = 60.0
_NAP_S = 1.0
"""How long is slept at a time: another request may have been refused meanwhile, and an interrupt is then seen."""


class Pacer:
    """Says when the next request of one system may be sent. Several threads may ask."""

    def __init__(self, limit: Limit | None = None) -> None:
        """Let the first request pass at once."""
        self._lock = threading.Lock()
        self._request_s = _seconds_of_one(None if limit is None else limit.requests_per_minute)
        self._token_s = _seconds_of_one(None if limit is None else limit.tokens_per_minute)
        self._next_request_s = self._next_token_s = self._paused_until_s = -1.0

    def admit(self, tokens: int) -> float:
        """Wait until a request may be sent, and take what it could use.

        Args:
            tokens: that it could use at most.

        Returns:
            The seconds waited.
        """
        begun_s: float | None = None
        while True:
            with self._lock:
                now_s = _now_s()
                begun_s = now_s if begun_s is None else begun_s
                open_s = max(self._next_request_s, self._next_token_s, self._paused_until_s)
                if now_s >= open_s:
                    self._next_request_s = now_s + self._request_s
                    self._next_token_s = now_s + self._token_s * tokens
                    return now_s - begun_s
            _sleep(min(open_s - now_s, _NAP_S))

    def give_back(self, tokens: int) -> None:
        """Return tokens that a request was admitted for and did not use."""
        with self._lock:
            self._next_token_s -= self._token_s * max(tokens, 0)

    def pause(self, seconds: float) -> None:
        """Let no request pass for a while: the server refused one, and would refuse others."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, _now_s() + seconds)


def backoff_s(refusals: int) -> float:
    """Return how long to wait after the n-th refusal in a row, from 1, of a server that does not say."""
    return float(min(FIRST_BACKOFF_S * 2 ** min(refusals - 1, 30), LONGEST_BACKOFF_S))


def _seconds_of_one(per_minute: float | None) -> float:
    return 60 / per_minute if per_minute else 0.0


def _now_s() -> float:
    return time.monotonic()


def _sleep(seconds: float) -> None:
    time.sleep(seconds)
