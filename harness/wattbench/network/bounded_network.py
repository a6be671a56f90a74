"""Bound the time and the bytes of one request, whatever the server sends.

The timeouts of httpx are those of single reads: a server that sends a byte now and then, a header, `100 Continue` or a
part of an error, meets none of them. Here every read, write and connection of a request has what is left of one
allowance.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from wattbench.clock import now_s

WRITE_BYTES = 1 << 14
"""The most bytes of one write: the socket takes them at once or not at all, so that no server makes a write long by
reading slowly."""


class StreamError(Exception):
    """What a server sent cannot be used; the text says what was wrong, and may quote it."""


class Allowance:
    """What a request may still take."""

    def __init__(self, seconds: float, most_bytes: int) -> None:
        self._deadline_s = time.monotonic() + seconds
        self._most_bytes = most_bytes
        self._left_bytes = most_bytes
        self.reads = 0
        """How often something has come from the server."""
        self.began_s: float | None = None
        """When the network was first used, to connect or to write (`wattbench.clock`); None before."""

    def shorten(self, seconds: float, most_bytes: int) -> None:
        """Allow no more than this from now on."""
        self._deadline_s = min(self._deadline_s, time.monotonic() + seconds)
        self._left_bytes = min(self._left_bytes, most_bytes)

    def wait_s(self, timeout_s: float | None, late: type[Exception]) -> float:
        """Return how long the next operation may take.

        Args:
            timeout_s: the most that it may take in any case.
            late: what is raised if no time is left.
        """
        if self.began_s is None:
            self.began_s = now_s()
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise late("no time is left")
        return left_s if timeout_s is None else min(left_s, timeout_s)

    def take(self, number: int) -> None:
        """Count bytes that came from the server.

        Raises:
            StreamError: they are more than allowed.
        """
        self.reads += 1
        self._left_bytes -= number
        if self._left_bytes < 0:
            raise StreamError(f"it sent more than {self._most_bytes} bytes for one answer")


_of_thread = threading.local()


def allowance() -> Allowance | None:
    """Return the allowance of the request that this thread is making."""
    return getattr(_of_thread, "allowance", None)


@contextmanager
def allowed(seconds: float, most_bytes: int) -> Iterator[Allowance]:
    """Give what this thread asks of the network an allowance. A request is made, and read, in one thread."""
    _of_thread.allowance = Allowance(seconds, most_bytes)
    try:
        yield _of_thread.allowance
    finally:
        _of_thread.allowance = None


def bound(client: httpx.Client) -> None:
    """Make a client's connections, those through proxies included, heed the allowance of the thread that uses them."""
    # httpx has no argument for the network backend of its pools; that of httpcore is the documented one.
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        if transport is not None:
            transport._pool._network_backend = _Backend(transport._pool._network_backend)


def _wait_s(timeout_s: float | None, late: type[Exception]) -> float | None:
    held = allowance()
    return timeout_s if held is None else held.wait_s(timeout_s, late)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers. `timeout` is for all of them, not for each."""
        until_s = None if timeout is None else time.monotonic() + timeout
        failed: Exception | None = None
        for address in _addresses(host, port):
            left_s = None if until_s is None else until_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                break
            try:
                wait_s = _wait_s(left_s, httpcore.ConnectTimeout)
                stream = self._inner.connect_tcp(address, port, wait_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = failed or error
            else:
                return _Stream(stream)
        raise failed or httpcore.ConnectTimeout("no time is left")


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        held = allowance()
        if held is None:
            return self._inner.read(max_bytes, timeout)
        piece = self._inner.read(max_bytes, held.wait_s(timeout, httpcore.ReadTimeout))
        held.take(len(piece))
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_BYTES):
            self._inner.write(buffer[start : start + WRITE_BYTES], _wait_s(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait_s = _wait_s(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, wait_s))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _addresses(host: str, port: int) -> list[str]:
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return [str(address[0]) for *_, address in known]
