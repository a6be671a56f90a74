"""Fetch one document over HTTP: a few bytes, in time, from the address that was named and no other."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from wattbench.clock import now_s
from wattbench.network.allowance import EarlyAnswerError, StreamError, allowed
from wattbench.network.bounded_network import bound
from wattbench.network.cookies import NoCookies
from wattbench.network.headers import encodings
from wattbench.network.hosts import is_loopback
from wattbench.network.urls import public_url
from wattbench.redaction import hide, keep_secret, keep_secrets_of
from wattbench.terminal import printable

MOST_BYTES = 4 << 20
"""The most bytes of an answer, headers included: the page of an exporter of eight GPUs takes about 100 kilobytes."""
MOST_SHOWN = 100
"""Characters that a message quotes of what a server sent."""


class FetchError(Exception):
    """Nothing usable came; the text says why, and where from, without secrets."""


@dataclass(frozen=True)
class Fetched:
    """What a server sent."""

    body: bytes
    content_type: str
    date: str | None
    """Its header `Date`."""
    sent_s: float
    """When the request began, seconds since the epoch (`wattbench.clock`)."""
    received_s: float
    """When the headers of the answer were there."""


class Fetcher:
    """Fetches one URL again and again, over one connection. Redirects, cookies and packed answers are refused."""

    def __init__(self, url: str, *, timeout_s: float, accept: str, key: str | None = None) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: of the document; may hold a user and a password, which are never shown.
            timeout_s: for one fetch, from connecting to its last byte, whatever the server sends.
            accept: the types of document that are asked for.
            key: sent as a bearer token.

        Raises:
            FetchError: the URL or the key cannot be sent.
        """
        keep_secret(key)
        keep_secrets_of(url)
        try:
            self._url = httpx.URL(url)
            self.shown = public_url(url)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise FetchError(f"not a URL ({error})") from None
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise FetchError("the key has characters that are not allowed in a header")
        self._timeout_s = timeout_s
        self._headers = {"Accept": accept, "Accept-Encoding": "identity"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._http: httpx.Client | None = None

    def fetch(self) -> Fetched:
        """Fetch it now.

        Raises:
            FetchError: it did not come, not in time, or is not what was asked for.
        """
        http = self._client()
        try:
            with allowed(self._timeout_s, MOST_BYTES) as allowance:
                sent_s = now_s()
                with http.stream("GET", self._url) as response:
                    received_s = now_s()
                    if not allowance.reads:
                        raise EarlyAnswerError
                    if response.status_code != httpx.codes.OK:
                        raise StreamError(_refusal(response))
                    if packed := encodings(response):
                        raise StreamError(f"it sent an encoding that was not asked for: {_shown(packed)}")
                    body = b"".join(response.iter_raw())
        except EarlyAnswerError:
            return self.fetch()  # over a new connection: the other one is closed
        except StreamError as error:
            raise self._failed(str(error)) from None
        except httpx.TimeoutException:
            raise self._failed(f"no complete answer within {self._timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise self._failed(f"{type(error).__name__}: {_shown(str(error))}") from None
        kind = response.headers.get("content-type", "")
        return Fetched(body, kind, response.headers.get("date"), sent_s, received_s)

    def close(self) -> None:
        """Drop the connection. The next fetch makes another."""
        http, self._http = self._http, None
        if http is not None:
            http.close()

    def _client(self) -> httpx.Client:
        if self._http is None:
            self._http = httpx.Client(
                headers=self._headers,
                timeout=httpx.Timeout(self._timeout_s, pool=None),
                trust_env=not is_loopback(self._url.host),  # a proxy for the outside is not for this machine
                cookies=NoCookies(),
                follow_redirects=False,
            )
            bound(self._http)
        return self._http

    def _failed(self, why: str) -> FetchError:
        return FetchError(f"{self.shown}: {why}")


def _refusal(response: httpx.Response) -> str:
    if response.has_redirect_location:
        return f"it answered HTTP {response.status_code}, a redirect, which is not followed: name the right address"
    return f"it answered HTTP {response.status_code}"


def _shown(text: str) -> str:
    """Return a text from outside as one short printable line without secrets."""
    line = " ".join(printable(hide(text[:10_000])).split())
    return line if len(line) <= MOST_SHOWN else line[:MOST_SHOWN] + "..."
