"""Keep connections to one server over plain TCP, each for one request at a time."""

from __future__ import annotations

import math
import threading
import time
from collections import deque

import httpcore
import httpx


class KeptConnections:
    """The connections of a client to one server, made by the network backend of its pool.

    A server that serves one connection at a time is served by one: none of the pool may be open meanwhile.
    """

    def __init__(self, client: httpx.Client, url: httpx.URL) -> None:
        """Make none yet.

        Args:
            client: whose timeouts and network backend they have.
            url: of the server.
        """
        transport = client._transport_for_url(url)
        pool = transport._pool if type(transport) is httpx.HTTPTransport else None
        plain = url.scheme == "http" and type(pool) is httpcore.ConnectionPool
        self._pool: httpcore.ConnectionPool | None = pool if plain else None
        self._host, self._port = url.raw_host.decode("ascii"), url.port or 80
        self._connect_s = client.timeout.connect
        self._idle: deque[tuple[float, httpcore.NetworkStream]] = deque()
        self._lock = threading.Lock()

    @property
    def possible(self) -> bool:
        """Return whether the server is asked over plain TCP, without a proxy: there are none to any other."""
        return self._pool is not None

    def take(self) -> httpcore.NetworkStream:
        """Return a connection that was kept and is still open, or make one.

        Raises:
            httpcore.ConnectError: it cannot be made; in time: `httpcore.ConnectTimeout`.
        """
        while (kept := self._newest()) is not None:
            # What a server sends between two requests is its end, or an answer to nothing.
            if not kept.get_extra_info("is_readable"):
                return kept
            kept.close()
        assert self._pool is not None
        return self._pool._network_backend.connect_tcp(self._host, self._port, self._connect_s)

    def keep(self, connection: httpcore.NetworkStream) -> None:
        """Keep a connection whose answer has ended for the next request, until it is too old."""
        assert self._pool is not None
        expiry_s = self._pool._keepalive_expiry
        with self._lock:
            self._idle.append((time.monotonic() + (math.inf if expiry_s is None else expiry_s), connection))

    def drop(self) -> None:
        """Close those that are not used."""
        with self._lock:
            idle = [connection for _, connection in self._idle]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _newest(self) -> httpcore.NetworkStream | None:
        """Return the one that was kept last; those that are too old are closed."""
        now_s = time.monotonic()
        old = []
        with self._lock:
            while self._idle and self._idle[0][0] < now_s:
                old.append(self._idle.popleft()[1])
            newest = self._idle.pop()[1] if self._idle else None
        for connection in old:
            connection.close()
        return newest
