"""One document, in time and in few bytes, whatever a server sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.made_up.raw_server import Piece, RawServer, page, trickle
from wattbench.clock import now_s
from wattbench.network import get
from wattbench.network.get import Fetcher, FetchError
from wattbench.network.urls import is_loopback

pytestmark = pytest.mark.slow

SECRET = "kq7Zt2pX9vLm4RwB"


@pytest.fixture
def server() -> Iterator[RawServer]:
    raw = RawServer()
    yield raw
    raw.close()


def fetcher(server: RawServer, *, timeout_s: float = 0.4, key: str | None = None) -> Fetcher:
    url = f"http://user:{SECRET}@127.0.0.1:{server.port}/metrics?token={SECRET}"
    return Fetcher(url, timeout_s=timeout_s, accept="text/plain", key=key)


def test_a_page_comes_with_its_date_and_moments(server: RawServer) -> None:
    server.gets = [page(b"m 1\n", "Date: Sun, 06 Nov 1994 08:49:37 GMT", "Content-Type: text/plain")]
    before_s, asks = now_s(), fetcher(server)
    for _ in range(2):
        fetched = asks.fetch()
        asks.close()  # it can be asked again
    assert (fetched.body, fetched.content_type) == (b"m 1\n", "text/plain")
    assert fetched.date == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert before_s <= fetched.sent_s <= fetched.received_s <= now_s()
    head = server.requests[0].decode()
    assert head.startswith(f"GET /metrics?token={SECRET} HTTP/1.1")
    assert "accept-encoding: identity" in head.lower()
    assert "authorization: basic " in head.lower()
    assert "cookie" not in server.requests[-1].decode().lower()


def test_a_token_is_sent_as_a_bearer(server: RawServer) -> None:
    server.gets = [page(b"m 1\n")]
    asks = Fetcher(f"http://127.0.0.1:{server.port}/", timeout_s=2.0, accept="text/plain", key=SECRET)
    asks.fetch()
    asks.close()
    assert f"\r\nAuthorization: Bearer {SECRET}\r\n" in server.requests[0].decode()


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([5.0], "no complete answer within 0.4 s"),
        (trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"m"), "no complete answer within 0.4 s"),
        (trickle(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "no complete answer within 0.4 s"),
        ([b"SSH-2.0-noise\r\n\r\n"], "BadStatusLine"),
        ([page(b"", f"Location: http://elsewhere/?t={SECRET}", status="302 Found")], "a redirect, which is not foll"),
        ([page(SECRET.encode(), status="403 Forbidden")], "it answered HTTP 403"),
        ([page(b"x", "Content-Encoding: gzip")], "an encoding that was not asked for: gzip"),
        ([page(b"x", f"Content-Encoding: \x1b[2J{SECRET}")], "not asked for"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_one_sentence_without_secrets(server: RawServer, pieces: Sequence[Piece], why: str) -> None:
    server.gets = pieces
    with pytest.raises(FetchError, match=why) as refused:
        fetcher(server).fetch()
    said = str(refused.value)
    assert said.startswith(f"http://127.0.0.1:{server.port}/metrics: ")
    assert SECRET not in said
    assert said.isprintable()
    assert "elsewhere" not in said
    assert refused.value.__cause__ is None


def test_a_page_that_does_not_end_is_cut_off(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get, "MOST_BYTES", 100_000)
    server.gets = [b"HTTP/1.1 200 OK\r\n\r\n", *[b"m 1\n" * 25_000] * 10]
    with pytest.raises(FetchError, match="it sent more than 100000 bytes"):
        fetcher(server, timeout_s=5.0).fetch()


def test_a_server_that_is_not_there_is_said_so(server: RawServer) -> None:
    server.close()
    with pytest.raises(FetchError, match="cannot connect"):
        fetcher(server).fetch()


@pytest.mark.parametrize(("url", "key"), [("http://a\x00b/", None), ("http://a/", "two words"), ("http://a/", "ä")])
def test_what_cannot_be_sent_is_refused_at_once(url: str, key: str | None) -> None:
    with pytest.raises(FetchError) as refused:
        Fetcher(url, timeout_s=1.0, accept="text/plain", key=key)
    assert key is None or key not in str(refused.value)


@pytest.mark.parametrize(("host", "here"), [("LocalHost", True), ("x.localhost", True), ("::1", True), ("a", False)])
def test_this_machine_is_known_by_name_and_address(host: str, here: bool) -> None:
    assert is_loopback(host) is here
