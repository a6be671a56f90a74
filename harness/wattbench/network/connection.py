"""Send one request over a connection, and read its answer, by `http.client`.

The timeout of a socket is that of a single read: a server that sends a byte now and then, a header, `100 Continue` or a
part of an error, meets none. So each operation of a connection has what is left of its request's allowance.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from socket import socket
from typing import Any, NamedTuple

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


READ_BYTES = 1 << 16
"""The most bytes of one read, and of one write."""
_BROKEN_OFF = "the answer broke off"
_REDIRECTS = (301, 302, 303, 307, 308)


class BodyPiece(NamedTuple):
    """A piece of a body: bytes of one chunk that arrived together."""

    arrived_s: float
    """Right after it was read (`wattbench.clock`)."""
    data: bytes


class _OpenReader(BufferedReader):
    """A reader for all answers of a connection. It stays open when `http.client` closes it after each answer."""

    def close(self) -> None:
        """Do nothing."""


class Connection(RawIOBase):
    """A connection that `http.client` uses as a socket."""

    def __init__(self, connected: socket, allowance: Allowance) -> None:
        self._socket = connected
        self.allowance = allowance
        """Of the request that it carries."""
        self._reader = _OpenReader(self, READ_BYTES)
        self._unsent = b""
        self._waits, self._ended = True, False
        self.arrived_s = 0.0
        """When something came last."""
        self.carried: set[int] = set()
        """By what the answers that it has carried are known again."""
        self.answered = False
        """What comes is the answer to the request, as far as can be seen."""
        self.approved = False
        """Its last answer allows another request."""

    def ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None, *, closes: bool = False
    ) -> Response:
        """Send a request, and read the head of its answer.

        Args:
            method: of HTTP.
            target: path and query, or the whole URL for a proxy.
            headers: with `Host`.
            body: sent with the head.
            closes: no other request may use the connection.

        Raises:
            HTTPException: the answer is none.
            OSError: the connection broke; in time: `TimeoutError`.
            StreamError: more came than is allowed.
        """
        self.answered = self.approved = False
        http = HTTPConnection("")
        as_socket: Any = self
        http.sock = as_socket
        http.request(method, target, body, {**headers, "Connection": "close"} if closes else headers)
        self._send()
        response = http.getresponse()
        # What comes before an answer says nothing of it. Only 100 is left out by `http.client`.
        while HTTPStatus.SWITCHING_PROTOCOLS < response.status < HTTPStatus.OK:
            response = HTTPResponse(as_socket, method=method)
            response.begin()
        if self._ended:  # `http.client` takes that for the end of the head
            raise ConnectionError(_BROKEN_OFF)
        return Response(self, response, closes=closes)

    def readable(self) -> bool:
        """Return True: the connection can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into a buffer, within the allowance. While `is_quiet` looks, return None if nothing is there."""
        self._socket.settimeout(self.allowance.left_s() if self._waits else 0.0)
        try:
            number = self._socket.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        self.arrived_s = now_s()
        self._ended = not number
        if self._waits:
            self.allowance.take(number)
        return number

    def sendall(self, data: bytes) -> None:
        """Keep a part of a request: head and body are sent together."""
        self._unsent += data

    def makefile(self, _: str) -> BufferedReader:
        """Return the reader of all answers."""
        return self._reader

    def is_quiet(self) -> bool:
        """Return whether the connection is open and has nothing to read."""
        self._waits = False
        try:
            return not self._reader.peek(1) and not self._ended
        except OSError:
            return False
        finally:
            self._waits = True

    def close(self) -> None:
        """Do nothing: `http.client` calls this before the last answer is read."""

    def end(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _send(self) -> None:
        data, self._unsent = memoryview(self._unsent), b""
        with suppress(ConnectionError):  # a server may refuse what it has not read
            while data:
                self._socket.settimeout(self.allowance.left_s())
                data = data[self._socket.send(data[:READ_BYTES]) :]


class Response:
    """An answer of which the head was read, and not yet the body."""

    def __init__(self, connection: Connection, response: HTTPResponse, *, closes: bool) -> None:
        self.connection = connection
        self.status = response.status
        self.headers: dict[str, str] = {}
        """By name in small letters; those of one name are joined by commas."""
        for name, value in response.getheaders():
            before = self.headers.get(name.lower())
            self.headers[name.lower()] = value if before is None else f"{before}, {value}"
        self._response, self._closes = response, closes

    @property
    def encodings(self) -> str:
        """Return the names of the body's encodings, joined by commas; empty without any."""
        coded = self.headers.get("content-encoding", "")
        if not self.in_chunks:
            coded += "," + self.headers.get("transfer-encoding", "")
        names = [name.strip().lower() for name in coded.split(",")]
        return ", ".join(name for name in names if name not in ("", "identity"))

    @property
    def redirects(self) -> bool:
        """Return whether the response redirects to another address."""
        return self.status in _REDIRECTS and "location" in self.headers

    @property
    def complete(self) -> bool:
        """Return whether the whole body was read."""
        return self._response.isclosed() or self._response.length == 0

    @property
    def in_chunks(self) -> bool:
        """Return whether the body is in chunked transfer coding."""
        return bool(self._response.chunked)

    @property
    def may_be_followed(self) -> bool:
        """Return whether the connection can carry another request."""
        return self.complete and not self._closes and not self._response.will_close

    def pieces(self) -> Iterator[BodyPiece]:
        """Yield the pieces of the body as they arrive.

        Raises:
            OSError: the connection broke, or not all of it came; in time: `TimeoutError`.
            HTTPException: as of `http.client`.
            StreamError: more came than is allowed.
        """
        try:
            while data := self._response.read1(READ_BYTES):
                yield BodyPiece(self.connection.arrived_s, data)
        except IncompleteRead:
            raise ConnectionError(_BROKEN_OFF) from None
        if self._response.length:
            raise ConnectionError(_BROKEN_OFF)

    def body(self) -> bytes:
        """Return the whole body. Raises as `pieces` does."""
        return b"".join(data for _, data in self.pieces())
