"""A gateway before a server that plays bytes, and a client that sees the bytes of an answer."""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.made_up.raw_server import RawServer
from wattbench.gateways import Gateway, Upstream
from wattbench.records import CallRow

CHAT = b'{"model": "m", "messages": [{"role": "user", "content": "2+2"}]}'
WAIT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    """With what came of one that broke off."""
    broke: bool = False

    def end_to_end(self) -> tuple[int, tuple[tuple[str, str], ...], bytes, bool]:
        """Return it without the headers of its connection."""
        mine = ("connection", "keep-alive", "transfer-encoding")
        return self.status, tuple(sorted(each for each in self.headers if each[0] not in mine)), self.body, self.broke


def ask(
    url: str,
    body: bytes | None = CHAT,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    timeout_s: float = WAIT_S,
) -> Answer:
    """Send a request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    with contextlib.closing(connection):
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        broke = False
        try:
            content = response.read()
        except (http.client.IncompleteRead, OSError) as error:
            content, broke = getattr(error, "partial", b""), True
        given = tuple((name.lower(), value) for name, value in response.getheaders())
        return Answer(response.status, given, content, broke)


def until(true: Callable[[], Any]) -> None:
    """Wait until something is true."""
    deadline_s = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@dataclass
class Behind:
    """A gateway, the server behind it, and the rows that it gave."""

    gateway: Gateway
    server: RawServer
    rows: list[CallRow] = field(default_factory=list)

    def reset(self) -> None:
        """Forget what was asked."""
        self.rows.clear()
        self.server.requests.clear()
        self.server.bodies.clear()

    def rows_of(self, count: int) -> list[CallRow]:
        """Wait for as many rows, and return them."""
        until(lambda: len(self.rows) >= count)
        assert len(self.rows) == count
        return self.rows


@contextlib.contextmanager
def behind(*, key: str | None = None, timeout_s: float = 300.0, path: str = "/v1", **settings: Any) -> Iterator[Behind]:
    """Start both."""
    server, rows = RawServer(), list[CallRow]()
    upstream = Upstream(server.base_url.removesuffix("/v1") + path, key, timeout_s)
    try:
        with Gateway(upstream, system="agent", keep=rows.append, **settings) as gateway:
            yield Behind(gateway, server, rows)
    finally:
        server.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Behind]:
    with behind() as started:
        yield started


@pytest.fixture
def through(shared: Behind) -> Behind:
    """A gateway that tests share; the server begins anew."""
    shared.reset()
    return shared
