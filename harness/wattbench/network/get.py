"""Fetch one document over HTTP, within bounds of time and bytes, without following redirects."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException

from wattbench.clock import now_s
from wattbench.network.connection import Allowance, Response, StreamError
from wattbench.network.connections import Connections, LateConnectionError, NoConnectionError
from wattbench.network.urls import public_url, read_url
from wattbench.redaction import hide, keep_secret, keep_secrets_of
from wattbench.terminal import printable

MOST_BYTES = 4 << 20
"""The most bytes of an answer, headers included: the page of an exporter of eight GPUs takes about 100 kilobytes."""
MOST_SHOWN = 100
"""Characters that a message quotes of what a server sent."""


class FetchError(Exception):
    """A document could not be fetched; the text says from where and why, without secrets."""


@dataclass(frozen=True)
class Fetched:
    """A fetched document."""

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
        """Check the URL and the key. Nothing is connected.

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
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise FetchError("the key has characters that are not allowed in a header")
        headers = {"Accept": accept} | ({} if key is None else {"Authorization": f"Bearer {key}"})
        try:
            self._url = read_url(url)
            self.shown = public_url(url)
        except ValueError as error:
            raise FetchError(f"not a URL ({error})") from None
        try:
            self._connections = Connections(self._url, headers)
        except ValueError as error:
            raise FetchError(str(error)) from None
        self._timeout_s = timeout_s

    def fetch(self) -> Fetched:
        """Fetch the document.

        Raises:
            FetchError: it did not come, not in time, or is not what was asked for.
        """
        sent_s = now_s()
        try:
            connection = self._connections.take(Allowance(self._timeout_s, MOST_BYTES))
            with self._connections.exchange(connection, self._url) as answer:
                received_s = now_s()
                if answer.status != HTTPStatus.OK:
                    raise StreamError(_refusal(answer))
                if answer.encodings:
                    raise StreamError(f"it sent an encoding that was not asked for: {_shown(answer.encodings)}")
                body = answer.body()
        except StreamError as error:
            raise self._failed(str(error)) from None
        except (TimeoutError, LateConnectionError):
            raise self._failed(f"no complete answer within {self._timeout_s:g} s") from None
        except NoConnectionError as error:
            raise self._failed(f"cannot connect ({_shown(str(error))})") from None
        except (HTTPException, OSError) as error:
            raise self._failed(f"{type(error).__name__}: {_shown(str(error))}") from None
        kind = answer.headers.get("content-type", "")
        return Fetched(body, kind, answer.headers.get("date"), sent_s, received_s)

    def close(self) -> None:
        """Close the connection. The next fetch makes another."""
        self._connections.drop()

    def _failed(self, why: str) -> FetchError:
        return FetchError(f"{self.shown}: {why}")


def _refusal(answer: Response) -> str:
    if answer.redirects:
        return f"it answered HTTP {answer.status}, a redirect, which is not followed: name the right address"
    return f"it answered HTTP {answer.status}"


def _shown(text: str) -> str:
    """Return a text from outside as one short printable line without secrets."""
    line = " ".join(printable(hide(text[:10_000])).split())
    return line if len(line) <= MOST_SHOWN else line[:MOST_SHOWN] + "..."
