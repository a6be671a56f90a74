"""Bound the time and the bytes of one request, whatever the server sends.

The timeouts of httpx are those of single reads: a server that sends a byte now and then, a header, `100 Continue` or a
part of an error, meets none of them. Here every read, write and connection of a request has what is left of one
allowance.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from wattbench.network.allowance import allowance
from wattbench.network.bounded_stream import BoundedStream, Reuse


def bound(client: httpx.Client, *, by_approval: bool = False) -> Reuse:
    """Make a client's connections, those through proxies included, heed the allowance of the thread that uses them.

    Args:
        client: whose connections.
        by_approval: as of `Reuse`.

    Returns:
        Whether one may be used again; to be changed.
    """
    reuse = Reuse(by_approval=by_approval)
    # httpx has no argument for the network backend of its pools; that of httpcore is the documented one.
    transports: list[Any] = [client._transport, *client._mounts.values()]
    for transport in transports:
        if transport is not None:
            transport._pool._network_backend = _Backend(transport._pool._network_backend, reuse)
    return reuse


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend, reuse: Reuse) -> None:
        self._inner, self._reuse = inner, reuse

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
        held = allowance()
        for address in _addresses(host, port):
            left_s = None if until_s is None else until_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                break
            try:
                wait_s = left_s if held is None else held.wait_s(left_s, httpcore.ConnectTimeout)
                stream = self._inner.connect_tcp(address, port, wait_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = failed or error
            else:
                return BoundedStream(stream, self._reuse)
        raise failed or httpcore.ConnectTimeout("no time is left")


def _addresses(host: str, port: int) -> list[str]:
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, OverflowError) as error:
        raise httpcore.ConnectError(str(error)) from error
    return [str(address[0]) for *_, address in known]
