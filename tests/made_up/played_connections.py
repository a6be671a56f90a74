"""Play the answers of a server to httpcore, without a socket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpcore


class PlayedBackend(httpcore.NetworkBackend):
    """Connections that answer each request with pieces, one a read, and then end."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self.pieces = pieces
        self.connections = 0

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connections += 1
        return PlayedStream(self)


class PlayedStream(httpcore.NetworkStream):
    """One of them. It can be read where it has ended, as a socket can."""

    def __init__(self, backend: PlayedBackend) -> None:
        self._backend = backend
        self._left: list[bytes] = []
        self._ended = self.closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._ended = not self._left
        return self._left.pop(0) if self._left else b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._left = [piece for piece in self._backend.pieces if piece]

    def close(self) -> None:
        assert not self.closed
        self.closed = True

    def get_extra_info(self, info: str) -> Any:
        return self._ended if info == "is_readable" else None
