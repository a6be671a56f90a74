"""Send a request over a plain connection and read its answer: in few steps where the answer has the usual form.

h11 and httpcore read answers of every form, and what they do for one that is streamed in chunks takes as long as the
rest of the request. So a head of the usual form is read here, and so is the usual end. h11 reads all others, as
httpcore has it read them: the same are accepted, and refused with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import h11
import httpcore
import httpx
from httpx._transports.default import map_httpcore_exceptions

from wattbench.network.bounded_stream import READ_BYTES, BoundedStream
from wattbench.network.kept_connections import KeptConnections

MOST_EVENT_BYTES = 100 << 10
"""The most bytes of a head, as httpcore has it."""

_USUAL = re.compile(rb"HTTP/1\.1 200(?: ([ -~]*))?\r\n((?:[-!#$%&'*+.^_`|~0-9A-Za-z]+:[ -~]*\r\n)*)\r\n")
_CHUNKED = (
    [(b"transfer-encoding", b"chunked")],
    [(b"connection", b"keep-alive"), (b"transfer-encoding", b"chunked")],
)
"""What a usual head says of its body, and of the connection."""
_END = b"0\r\n\r\n"
"""The usual end of a body in chunks."""

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class PlainRequest:
    """A request without its body."""

    target: bytes
    headers: Headers
    """Without its length."""
    timeouts: dict[str, float | None]
    """As httpx has them."""

    @property
    def closes(self) -> bool:
        """Return whether its connection is for it alone."""
        return any(name.lower() == b"connection" and value.lower() == b"close" for name, value in self.headers)

    def head(self, length: int) -> bytes:
        """Return the bytes before its body.

        Raises:
            httpcore.LocalProtocolError: it cannot be sent so.
        """
        try:
            written = h11.Connection(h11.CLIENT).send(self._event(length))
        except h11.LocalProtocolError as error:
            raise httpcore.LocalProtocolError(error) from error
        assert written is not None
        return written

    def sent(self, content: bytes) -> h11.Connection:
        """Return the state of a connection over which it was sent."""
        state = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_EVENT_BYTES)
        for event in (self._event(len(content)), h11.Data(data=content), h11.EndOfMessage()):
            state.send(event)
        return state

    def _event(self, length: int) -> h11.Request:
        return h11.Request(
            method=b"POST", target=self.target, headers=[*self.headers, (b"Content-Length", b"%d" % length)]
        )


class PlainExchange(httpx.SyncByteStream):
    """One request and its answer: the body of the answer, for httpx."""

    def __init__(self, connections: KeptConnections, request: PlainRequest, head: bytes, content: bytes) -> None:
        """Send the request, and read the head of the answer.

        Args:
            connections: to the server.
            request: what is sent.
            head: its bytes before the body.
            content: its body.

        Raises:
            httpx.HTTPError: as of `httpx.Client.send`.
        """
        self._connections, self._request, self._content = connections, request, content
        self._state: h11.Connection | None = None
        self._complete = self._closed = False
        with map_httpcore_exceptions():
            connection = connections.take()
            assert isinstance(connection, BoundedStream)
            self._connection = connection
            try:
                self.status, self.headers, self.extensions = self._answer(head + content)
            except BaseException:
                connection.close()
                raise

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces of the body that were not read from the connection itself."""
        with map_httpcore_exceptions():
            yield from self._pieces()

    def close(self) -> None:
        """Keep the connection for the next request if it can carry one."""
        if self._closed:
            return
        self._closed = True
        if self._complete and not self._request.closes:
            self._connections.keep(self._connection)
        else:
            self._connection.close()

    def _answer(self, sent: bytes) -> tuple[int, Headers, dict[str, Any]]:
        # As httpcore has it: a server may refuse what it has not read.
        with suppress(httpcore.WriteError):
            self._connection.write(sent, self._request.timeouts.get("write"))
        self._head = self._read()
        usual = _usual(self._head) if self._connection.at_body else None
        if usual is not None:
            return 200, usual[1], self._extensions(b"1.1", usual[0])
        event = self._response_by_h11()
        return event.status_code, event.headers.raw_items(), self._extensions(event.http_version, event.reason)

    def _extensions(self, version: bytes, reason: bytes) -> dict[str, Any]:
        return {"http_version": b"HTTP/" + version, "reason_phrase": reason, "network_stream": self._connection}

    def _pieces(self) -> Iterator[bytes]:
        if self._state is None:
            data = self._read()
            if data == _END:
                self._complete = True
                return
            self._response_by_h11()
            self._receive(data)
        while not isinstance(event := self._event_by_h11(), h11.EndOfMessage) and event is not h11.PAUSED:
            if isinstance(event, h11.Data):
                yield bytes(event.data)
        self._end()

    def _end(self) -> None:
        """See whether the connection can carry another request. What the server sent too early is held back."""
        assert self._state is not None
        more, ended = self._state.trailing_data
        self._complete = self._state.our_state is self._state.their_state is h11.DONE and not ended
        self._connection.give_back(more)

    def _response_by_h11(self) -> h11.Response:
        self._state = self._request.sent(self._content)
        self._receive(self._head)
        while not isinstance(event := self._event_by_h11(), h11.Response):
            """What comes before it says nothing of the answer."""
        return event

    def _event_by_h11(self) -> Any:
        assert self._state is not None
        while True:
            try:
                event = self._state.next_event()
            except h11.RemoteProtocolError as error:
                raise httpcore.RemoteProtocolError(error) from error
            if event is not h11.NEED_DATA:
                return event
            self._receive(self._read())

    def _receive(self, data: bytes) -> None:
        assert self._state is not None
        if not data and self._state.their_state is h11.SEND_RESPONSE:
            raise httpcore.RemoteProtocolError("Server disconnected without sending a response.")
        self._state.receive_data(data)

    def _read(self) -> bytes:
        return self._connection.read(READ_BYTES, self._request.timeouts.get("read"))


@lru_cache(maxsize=64)
def _usual(head: bytes) -> tuple[bytes, Headers] | None:
    """Return the reason and the fields of a head of an answer in chunks that leaves the connection open, of which h11
    would say the same; None of any other."""
    match = _USUAL.fullmatch(head)
    if match is None:
        return None
    lines = match[2].split(b"\r\n")[:-1]
    fields = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    known = [(name.lower(), value.lower()) for name, value in fields]
    named = [(name, value) for name, value in known if name in (b"transfer-encoding", b"content-length", b"connection")]
    if sorted(named) not in _CHUNKED:
        return None
    return match[1] or b"", tuple(fields)
