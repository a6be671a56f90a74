"""Limit the rate of requests to what a service allows, and wait after it refused. No wait is latency.

A token bucket that holds one request: what was not sent earlier does not make up for a burst, so that no window of a
minute, however the service lays it, holds more than one request too many.

How long a refusal asks us to wait. Conventions in the wild, in the order in which they are read:

- `Retry-After-Ms`: milliseconds (OpenAI's, Azure's);
- `Retry-After`: seconds, or a date (RFC 9110, 10.2.3), which is compared with the server's own `Date`;
- `X-RateLimit-Reset-Requests` and `-Tokens`: `1s`, `6m0s`, `7.66s`, `20ms` (OpenAI's, Groq's), the longest of those of
  which nothing remains, or of both;
- `X-RateLimit-Reset`, `RateLimit-Reset`, `RateLimitBySize-Reset`: seconds, or when it will be, in seconds or
  milliseconds since 1970 (Together's, the IETF draft's, Mistral's, OpenRouter's).

A value in another form, or of the past, is skipped, and the next convention is read.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime

from wattbench.config.apis import Limit

FIRST_BACKOFF_S = 1.0
"""The first wait where a server does not say how long; each further one is twice as long."""
LONGEST_BACKOFF_S = 60.0
_NAP_S = 1.0
"""How long is slept at a time: another request may have been refused meanwhile, and an interrupt is then seen."""

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ns|us|µs|ms|s|m|h|d)"
_DURATION = re.compile(f"(?:{_PART})+")
_PARTS = re.compile(_PART)
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_EPOCH_S, _EPOCH_MS = 1e9, 1e11
"""Larger numbers are times, in seconds or milliseconds: as a wait they would be 30 years, or 3,000."""
_BY_KIND = ("requests", "tokens")
_MOST_CHARACTERS = 100


class Pacer:
    """Decides when the next request of a system may be sent. Several threads may use it."""

    def __init__(self, limit: Limit | None = None) -> None:
        """Admit the first request at once."""
        self._lock = threading.Lock()
        self._request_s = _seconds_of_one(None if limit is None else limit.requests_per_minute)
        self._token_s = _seconds_of_one(None if limit is None else limit.tokens_per_minute)
        self._next_request_s = self._next_token_s = self._paused_until_s = -1.0

    def admit(self, tokens: int) -> float:
        """Wait until a request may be sent, and take the tokens that it could use.

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
        """Give back tokens that a request was admitted for and did not use."""
        with self._lock:
            self._next_token_s -= self._token_s * max(tokens, 0)

    def pause(self, seconds: float) -> None:
        """Admit no request for a while: the server refused one, and would refuse others."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, _now_s() + seconds)


def backoff_s(refusals: int) -> float:
    """Return the seconds to wait after the n-th refusal in a row, from 1, if the server states no wait."""
    return float(min(FIRST_BACKOFF_S * 2 ** min(refusals - 1, 30), LONGEST_BACKOFF_S))


def _seconds_of_one(per_minute: float | None) -> float:
    return 60 / per_minute if per_minute else 0.0


def _now_s() -> float:
    return time.monotonic()


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def asked_delay_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Return the seconds that a server asks us to wait, above 0; None if it states no wait.

    Args:
        headers: of its answer, with names in small letters.
        now_s: seconds since the epoch, for a time where the server does not say what time it has.
    """
    here = {name: value.strip() for name, value in headers.items() if len(value) <= _MOST_CHARACTERS}
    known_s = _date_s(here.get("date", ""))
    clock_s = now_s if known_s is None else known_s
    return next((each for each in _delays(here, clock_s) if each is not None and each > 0), None)


def _delays(headers: Mapping[str, str], clock_s: float) -> Iterator[float | None]:
    yield _scaled(_number(headers.get("retry-after-ms", "")), 1e-3)
    text = headers.get("retry-after", "")
    yield _number(text)
    yield _until(_date_s(text), clock_s)
    yield _longest(headers)
    for name in ("x-ratelimit-reset", "ratelimit-reset", "ratelimitbysize-reset"):
        yield _from(headers.get(name, ""), clock_s)


def _longest(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the server's limit of requests or tokens admits another request."""
    waits = {kind: _duration_s(headers.get(f"x-ratelimit-reset-{kind}", "")) for kind in _BY_KIND}
    known = {kind: wait for kind, wait in waits.items() if wait is not None}
    spent = [wait for kind, wait in known.items() if headers.get(f"x-ratelimit-remaining-{kind}") == "0"]
    return max(spent or known.values(), default=None)


def _from(text: str, clock_s: float) -> float | None:
    number = _number(text)
    if number is None or number < _EPOCH_S:
        return number if number is not None else _duration_s(text)
    return _until(number / 1000 if number >= _EPOCH_MS else number, clock_s)


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _duration_s(text: str) -> float | None:
    if not _DURATION.fullmatch(text):
        return _number(text)
    return math.fsum(float(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))


def _date_s(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _until(when_s: float | None, clock_s: float) -> float | None:
    return None if when_s is None else when_s - clock_s


def _scaled(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor
