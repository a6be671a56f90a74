"""Pieces of a body come with their moments, in order and all of them, however they are cut and however it ends."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.made_up.chunks import chunked
from tests.made_up.played_connections import PlayedBackend
from tests.made_up.raw_server import Piece, RawServer, page, trickle
from wattbench.clock import now_s
from wattbench.network.allowance import StreamError, allowed
from wattbench.network.arrivals import TOGETHER, Arrivals
from wattbench.network.bounded_network import bound

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"[DONE]"


@contextmanager
def answered(client: httpx.Client, url: str, *, seconds: float = 20.0, most_bytes: int = 1 << 20) -> Iterator[Arrivals]:
    with allowed(seconds, most_bytes), client.stream("GET", url) as response:
        yield Arrivals(response, LAST)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=20.0) as made:
        bound(made)
        yield made


@pytest.fixture
def played(client: httpx.Client) -> Callable[[Sequence[bytes]], PlayedBackend]:
    def play(pieces: Sequence[bytes]) -> PlayedBackend:
        backend = PlayedBackend(pieces)
        client._transport._pool._network_backend._inner = backend  # type: ignore[attr-defined]
        return backend

    return play


def content(body: Arrivals, most: int = TOGETHER) -> bytes:
    return b"".join(data for pieces in iter(lambda: body.next(most), []) for _, data in pieces)


def content_of_first(body: Arrivals) -> bytes:
    return b"".join(data for _, data in body.next())


BODY = chunked(b"data: 1\n\n", b"\r\n\r\n", b"data: [DONE]\n\n", end=b"0\r\nX-Took: 1\r\n\r\n")


@pytest.mark.parametrize("most", [1, 3, TOGETHER])
@pytest.mark.parametrize("head", [HEAD, HEAD.replace(b"\r\n", b"\n"), b"HTTP/1.1 103 Early\r\n\r\n" + HEAD])
def test_every_cut_of_an_answer_gives_the_same(client: httpx.Client, played: Any, head: bytes, most: int) -> None:
    whole = head + BODY
    cuts = [[whole], *([whole[:at], whole[at:]] for at in range(1, len(whole))), [bytes([byte]) for byte in whole]]
    for pieces in cuts:
        backend = played(pieces)
        for _ in range(2):
            with answered(client, "http://127.0.0.1:9/") as body:
                assert content(body, most) == b"data: 1\n\n\r\n\r\ndata: [DONE]\n\n"
        assert backend.connections <= 1, "a connection whose answer ended carries the next request"
        client._transport._pool._connections.clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page(b"plain"), b"plain"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + chunked(b"x"), b"x"),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"x"), b"x"),
    ],
)
def test_bodies_of_every_length(client: httpx.Client, played: Any, answer: bytes, expected: bytes) -> None:
    played([answer])
    with answered(client, "http://127.0.0.1:9/") as body:
        assert content(body) == expected


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ([], "peer closed connection without sending complete message body"),
        ([b"oops\r\n"], "illegal chunk header"),
        ([b"3\r\nxyz!!"], "malformed chunk footer"),
        ([b"0\r\nno field\r\n\r\n"], "illegal header line"),
        ([b"1;" + b"x" * (1 << 15)], "more than 16384 bytes"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_came_before_the_end_is_handed_out_before_it_fails(
    client: httpx.Client, played: Any, after: list[bytes], message: str, at_once: bool
) -> None:
    first = HEAD + chunked(b"one", b"two", end=b"")
    played([b"".join([first, *after])] if at_once else [first, *after])
    with answered(client, "http://127.0.0.1:9/") as body:
        assert content_of_first(body).startswith(b"onetwo")
        with pytest.raises(httpx.RemoteProtocolError, match=message):
            content(body)


def test_bytes_are_counted(client: httpx.Client, played: Any) -> None:
    played([HEAD + chunked(b"one", end=b""), *[chunked(b"x" * 1000, end=b"")] * 10])
    with answered(client, "http://127.0.0.1:9/", most_bytes=5000) as body:
        assert len(content_of_first(body)) > 3000
        with pytest.raises(StreamError, match="more than 5000 bytes"):
            body.next()


@pytest.fixture
def server() -> Iterator[RawServer]:
    raw = RawServer()
    yield raw
    raw.close()


def url(server: RawServer) -> str:
    return f"{server.base_url}/completions"


@pytest.mark.slow
def test_a_piece_is_handed_out_though_no_other_comes(client: httpx.Client, server: RawServer) -> None:
    seen, waited = threading.Event(), []
    server.gets = [HEAD + chunked(b"one", end=b""), lambda _: waited.append(seen.wait(20)), chunked(b"two")]
    with answered(client, url(server)) as body:
        assert content_of_first(body) == b"one"
        seen.set()
        assert content(body) == b"two"
    assert waited == [True]


@pytest.mark.slow
def test_the_last_piece_is_not_waited_after(client: httpx.Client, server: RawServer) -> None:
    seen, waited = threading.Event(), []
    server.gets = [HEAD + chunked(b"data: [DONE]\n\n", end=b""), lambda _: waited.append(seen.wait(20)), chunked()]
    with answered(client, url(server), seconds=15.0) as body:
        [(_, data)] = body.next()
        seen.set()
        assert data == b"data: [DONE]\n\n"
        assert content(body) == b""
    assert waited == [True]


@pytest.mark.slow
@pytest.mark.alone
def test_pieces_handed_out_together_have_moments_of_their_own(client: httpx.Client, server: RawServer) -> None:
    tokens: list[Piece] = [each for _ in range(3) for each in (0.02, chunked(b"x", end=b""))]
    server.gets = [HEAD, *tokens, chunked()]
    began_s = now_s()
    with answered(client, url(server)) as body:
        pieces = [piece for batch in iter(body.next, []) for piece in batch if piece.data]
    moments = [began_s, *(piece.arrived_s for piece in pieces), now_s()]
    assert moments == sorted(moments)
    assert pieces[-1].arrived_s - pieces[0].arrived_s >= 0.02


@pytest.mark.slow
@pytest.mark.alone
def test_a_moment_is_that_of_the_read_and_not_of_the_work_that_follows(client: httpx.Client, server: RawServer) -> None:
    server.gets = [HEAD + chunked(b"one")]
    with answered(client, url(server)) as body:
        there_s = now_s()  # the body came with the head
        time.sleep(0.05)
        assert body.next()[0].arrived_s < there_s


class TlsServer(RawServer):
    """The same in TLS without certificates, which only a client takes that was made for it."""

    def _serve(self, connection: Any) -> None:
        try:
            super()._serve(anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True))
        except OSError:
            """The client has gone."""


def anonymous(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


def secure(server: RawServer) -> str:
    return url(server).replace("http:", "https:")


@pytest.fixture
def tls() -> Iterator[tuple[RawServer, httpx.Client]]:
    server = TlsServer()
    with httpx.Client(trust_env=False, timeout=20.0, verify=anonymous(ssl.PROTOCOL_TLS_CLIENT)) as client:
        bound(client)
        yield server, client
    server.close()


@pytest.mark.slow
def test_in_tls_too(tls: tuple[RawServer, httpx.Client]) -> None:
    server, client = tls
    seen = threading.Event()
    server.gets = [HEAD + chunked(b"one", end=b""), lambda _: seen.wait(20), chunked(b"x" * 100_000)]
    for _ in range(2):
        seen.clear()
        with answered(client, secure(server)) as body:
            assert content_of_first(body) == b"one"
            seen.set()
            assert content(body) == b"x" * 100_000


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("drop", [chunked(b"d", end=b""), b"0"])
def test_in_tls_too_it_ends_in_time(tls: tuple[RawServer, httpx.Client], drop: bytes) -> None:
    server, client = tls
    server.gets = trickle(HEAD, drop)
    began_s = now_s()
    with (
        pytest.raises(httpx.ReadTimeout),
        answered(client, secure(server), seconds=0.5) as body,
    ):
        content(body)
    assert now_s() - began_s < 2.5  # what trickles takes 3 seconds
