"""Play the answers of a server, without a socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from wattbench.network import connections


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a body with a chunk for each part."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


class PlayedServer:
    """A server that answers each request with the same pieces, one a read, and then ends the connection."""

    def __init__(self, pieces: Sequence[bytes] = ()) -> None:
        self.pieces = pieces
        self.connections = 0
        self.requests: list[bytes] = []

    @contextmanager
    def playing(self) -> Iterator[PlayedServer]:
        """Answer all connections that are made meanwhile."""
        with mock.patch.object(connections, "dial", self._dial):
            yield self

    def _dial(self, *_: Any) -> PlayedSocket:
        self.connections += 1
        return PlayedSocket(self)


class PlayedSocket:
    """One of its connections."""

    def __init__(self, server: PlayedServer) -> None:
        self._server = server
        self._left: list[bytes] = []
        self._timeout_s: float | None = None

    def settimeout(self, seconds: float) -> None:
        self._timeout_s = seconds

    def send(self, data: memoryview) -> int:
        self._server.requests.append(bytes(data))
        self._left = [piece for piece in self._server.pieces if piece]
        return len(data)

    def recv_into(self, buffer: Any) -> int:
        if not self._left and not self._timeout_s:
            raise BlockingIOError
        piece = self._left.pop(0) if self._left else b""
        if len(piece) > len(buffer):
            self._left.insert(0, piece[len(buffer) :])
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        return count

    def close(self) -> None:
        pass
