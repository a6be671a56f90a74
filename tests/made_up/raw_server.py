"""A server that sends the bytes it is given, HTTP or not."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

Piece = bytes | float | Callable[[socket.socket], object]
"""Bytes are sent, a number is a pause in seconds, and a function does what it likes with the connection."""


def page(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a whole HTTP response."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


def events(*values: Any, end: bytes = b"data: [DONE]\n\n") -> bytes:
    """Return server-sent events."""
    return b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values) + end


def said(text: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a chunk of a completion."""
    return {"choices": [{"index": 0, "text": text, "finish_reason": finish}], **more}


MODELS = page(b'{"data": [{"id": "tiny"}]}')


class RawServer:
    """Plays `gets` to every GET, and `posts` to every POST. A connection stays open until the client closes it."""

    def __init__(self) -> None:
        self.gets: Sequence[Piece] = [MODELS]
        self.posts: Sequence[Piece] = [page(events(said("4", "stop")))]
        self.requests: list[bytes] = []
        """The heads of what was sent to it. Of each request, so the next one."""
        self.bodies: list[bytes] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as file:
            while not self._over.is_set():
                head = _head(file)
                length = next(
                    (line[15:] for line in head.lower().splitlines() if line.startswith(b"content-length:")), b"0"
                )
                if not head:
                    return
                self.bodies.append(file.read(int(length)))
                self.requests.append(head)
                for piece in self.gets if head.startswith(b"GET") else self.posts:
                    self._play(connection, piece)

    def _play(self, connection: socket.socket, piece: Piece) -> None:
        if isinstance(piece, bytes):
            connection.sendall(piece)
        elif callable(piece):
            piece(connection)
        else:
            time.sleep(piece)


def _head(file: BinaryIO) -> bytes:
    """Read a request up to its empty line, or to where the client has gone."""
    lines = []
    while (line := file.readline()) not in (b"\r\n", b""):
        lines.append(line)
    return b"".join(lines)


def trickle(before: bytes, drop: bytes, *, every_s: float = 0.05, times: int = 60) -> list[Piece]:
    """Return pieces that send `drop` again and again, for 3 seconds."""
    return [before, *[each for _ in range(times) for each in (drop, every_s)]]
