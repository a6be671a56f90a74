"""Keep the connections to one server, direct or through a proxy, with TLS or without."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from http.client import HTTPException
from urllib.parse import SplitResult, unquote
from urllib.request import getproxies, proxy_bypass

from wattbench.network.connection import Allowance, Connection, Response, StreamError
from wattbench.network.urls import is_loopback, port_of, public_url, read_url, target_of

CONNECT_S = 10.0
"""How long connecting may take, through a proxy and in TLS, too."""
CONNECT_BYTES = 1 << 16
"""The most bytes of a proxy's answer."""
KEEP_ALIVE_S = 4.0
"""Idle connections are dropped after this long: before the server does (uvicorn and llama.cpp after 5 s), as
a connection that closes under a request fails it."""


class NoConnectionError(Exception):
    """No connection could be made; the text says why."""


class LateConnectionError(NoConnectionError):
    """No connection could be made in time."""


class Connections:
    """Connections to one server. Several threads may use them at once, each for one request."""

    def __init__(self, url: SplitResult, headers: Mapping[str, str], *, by_approval: bool = False) -> None:
        """Find the proxy of the environment (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY). Nothing is connected.

        Args:
            url: of the server; its user and password are sent in place of another `Authorization`.
            headers: of each request.
            by_approval: a connection carries another request only where `Connection.approved` is set.

        Raises:
            ValueError: the URL of the server or of its proxy is not one of HTTP.
        """
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError("the URL is not one of HTTP, such as http://host:port/")
        self.url, self._proxy = url, proxy_of(url)
        self._by_approval = by_approval
        self.shared = True
        """Whether a connection may carry more than one request."""
        host = url.netloc.rpartition("@")[2]
        host = host if host.isascii() else host.encode("idna").decode()
        self._headers = {"Host": host, "Accept-Encoding": "identity", **headers, **basic("Authorization", url)}
        self._through = "" if self._proxy is None or url.scheme == "https" else f"http://{host}"
        if self._proxy is not None and self._through:
            self._headers |= basic("Proxy-Authorization", self._proxy)
        self._idle: deque[tuple[float, Connection]] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def exchange(
        self, connection: Connection, url: SplitResult, body: bytes | None = None, *, closes: bool = False
    ) -> Iterator[Response]:
        """Send a request for a URL of the server, and yield the answer. Raises as `Connection.ask` does.

        The connection is kept for the next request if it can carry it.

        Args:
            connection: as of `take`.
            url: of what is asked for.
            body: JSON, for a POST; None is a GET.
            closes: as of `Connection.ask`.
        """
        method, headers, kept = "GET", self._headers, False
        if body is not None:
            method, headers = "POST", {**headers, "Content-Type": "application/json"}
        try:
            target = self._through + target_of(url)
            answer = connection.ask(method, target, headers, body, closes=closes)
            yield answer
            kept = self.shared and answer.may_be_followed and (connection.approved or not self._by_approval)
        finally:
            if kept:
                with self._lock:
                    self._idle.append((time.monotonic() + KEEP_ALIVE_S, connection))
            else:
                connection.end()

    def take(self, allowance: Allowance) -> Connection:
        """Return a connection that was kept and is still open, or make one.

        Raises:
            NoConnectionError: it cannot be made; in time: `LateConnectionError`.
        """
        while (kept := self._newest()) is not None:
            # What a server sends between two requests is its end, or an answer to nothing.
            if kept.is_quiet():
                kept.allowance = allowance
                return kept
            kept.end()
        try:
            limit = Allowance(min(CONNECT_S, allowance.left_s()), CONNECT_BYTES)
            return Connection(self._connected(limit), allowance)
        except TimeoutError as error:
            raise LateConnectionError(str(error)) from error
        except (OSError, HTTPException, UnicodeError, StreamError) as error:
            raise NoConnectionError(str(error)) from error

    def drop(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for _, connection in idle:
            connection.end()

    def _newest(self) -> Connection | None:
        """Return the connection that was kept last, and close those that are too old."""
        if not self.shared:
            self.drop()
        with self._lock:
            while self._idle and self._idle[0][0] < time.monotonic():
                self._idle.popleft()[1].end()
            return self._idle.pop()[1] if self._idle else None

    def _connected(self, limit: Allowance) -> socket.socket:
        via = self._proxy or self.url
        connected = dial(via.hostname or "", port_of(via), limit)
        try:
            if self._proxy is not None and self.url.scheme == "https":
                self._tunnel(connected, self._proxy, limit)
            if self.url.scheme == "https":
                connected.settimeout(limit.left_s())  # of the whole handshake
                connected = self._tls.wrap_socket(connected, server_hostname=self.url.hostname)
        except BaseException:
            connected.close()
            raise
        return connected

    def _tunnel(self, connected: socket.socket, proxy: SplitResult, limit: Allowance) -> None:
        """Have a proxy connect to the server."""
        host = self._headers["Host"] + ("" if self.url.port else f":{port_of(self.url)}")
        headers = {"Host": host, **basic("Proxy-Authorization", proxy)}
        answer = Connection(connected, limit).ask("CONNECT", host, headers)
        if answer.status // 100 != 2:
            raise NoConnectionError(f"the proxy {public_url(proxy.geturl())} answered HTTP {answer.status}")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context


def basic(name: str, url: SplitResult) -> dict[str, str]:
    """Return a header with the user and the password of a URL; empty if it has none."""
    if url.username is None and url.password is None:
        return {}
    both = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return {name: f"Basic {base64.b64encode(both.encode()).decode()}"}


def proxy_of(url: SplitResult) -> SplitResult | None:
    """Return the URL of the proxy that the environment names for a server; None without one.

    Raises:
        ValueError: it is no URL of a proxy for HTTP.
    """
    host = url.hostname or ""
    known = getproxies()
    named = known.get(url.scheme) or known.get("all")
    if not named or is_loopback(host) or proxy_bypass(f"{host}:{port_of(url)}"):
        return None  # a proxy for the outside is not for this machine
    proxy = read_url(named if "://" in named else f"http://{named}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise ValueError(f"the proxy {public_url(proxy.geturl())} is not one of HTTP, such as http://host:3128")
    return proxy


def dial(host: str, port: int, allowance: Allowance) -> socket.socket:
    """Connect to the first address of a host that answers.

    Raises:
        OSError: none does, or not in time; or the host has no address.
        UnicodeError: there is no such host.
    """
    failed: OSError | None = None
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            connected = socket.create_connection((str(address[0]), port), allowance.left_s())
        except OSError as error:
            failed = failed or error
        else:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
    raise failed or OSError("it has no address")
