"""Answers over a plain connection are those that httpx reads, whatever a server sends and however it is cut."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from random import Random
from typing import Any

import httpx
import pytest

from tests.made_up.chunks import chunked
from tests.made_up.played_connections import PlayedBackend
from wattbench.network import plain_exchange
from wattbench.network.allowance import EarlyAnswerError, StreamError, allowed
from wattbench.network.arrivals import Arrivals
from wattbench.network.bounded_network import bound
from wattbench.network.kept_connections import KeptConnections
from wattbench.network.repeated_post import RepeatedPost

REFUSED = (EarlyAnswerError, str(EarlyAnswerError()))
URL = httpx.URL("http://127.0.0.1:9/v1/completions")
WITHOUT_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""One for all clients: none of them encrypts, and to make one takes a tenth of a test, to load certificates 50 ms."""
HEADERS = {"Content-Type": "application/json"}
BODY = chunked(b"data: 1\n\n", b"data: [DONE]\n\n")
USUAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "usual": USUAL + BODY,
    "keep-alive": USUAL.replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive\r\nX-Empty:\r\n\r\n") + BODY,
    "close": USUAL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + BODY,
    "trailers": USUAL + chunked(b"x", end=b"0\r\nX-Took: 1\r\n\r\n"),
    "no-reason": USUAL.replace(b" OK", b"") + BODY,
    "old": USUAL.replace(b"1.1", b"1.0") + BODY,
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "both": USUAL.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n") + BODY,
    "gzip-and-chunked": USUAL.replace(b"chunked", b"gzip, chunked") + BODY,
    "until-the-end": b"HTTP/1.1 200 OK\r\n\r\nabc",
    "refused": b"HTTP/1.1 429 Later\r\nTransfer-Encoding: chunked\r\nRetry-After: 3\r\n\r\n" + chunked(b"why"),
    "early": b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + USUAL + BODY,
    "no-content": b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
    "line-feeds": USUAL.replace(b"\r\n", b"\n") + BODY,
    "folded": USUAL.replace(b"\r\n\r\n", b"\r\nX-Folded: a\r\n b\r\n\r\n") + BODY,
    "torn": USUAL + BODY[:-9],
    "torn-in-the-head": USUAL[:-9],
    "nothing": b"",
}


Way = Callable[[httpx.Client], Callable[[bytes], httpx.Response]]


def ours(client: httpx.Client) -> Callable[[bytes], httpx.Response]:
    return RepeatedPost(client, KeptConnections(client, URL), URL, HEADERS).send


def theirs(client: httpx.Client) -> Callable[[bytes], httpx.Response]:
    return lambda content: client.send(client.build_request("POST", URL, content=content, headers=HEADERS), stream=True)


def outcome(way: Way, pieces: Sequence[bytes], *, arrivals: bool) -> list[Any]:
    """Ask twice, and return what came, or how it failed, and how many connections that took."""
    backend = PlayedBackend(pieces)
    seen: list[Any] = []
    with httpx.Client(trust_env=False, timeout=20.0, verify=WITHOUT_CERTIFICATES) as client:
        bound(client)
        client._transport._pool._network_backend._inner = backend  # type: ignore[attr-defined]
        send = way(client)
        for _ in range(2):
            with allowed(20.0, 1 << 20):
                try:
                    response = send(b"{}")
                except (httpx.HTTPError, StreamError) as error:
                    seen.append((type(error), str(error)))
                    continue
                with closing(response):
                    seen.append((response.status_code, response.reason_phrase, response.http_version))
                    seen.append(response.headers.raw)
                    content = b""
                    try:
                        body = Arrivals(response, b"[DONE]")
                        parts = (
                            (data for pieces in iter(body.next, []) for _, data in pieces)
                            if arrivals
                            else response.iter_raw()
                        )
                        for part in parts:
                            content += part
                    except httpx.HTTPError as error:
                        seen.append((type(error), str(error)))
                    seen.append(content)
    return [*seen, backend.connections]


@pytest.mark.parametrize("arrivals", [True, False])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_cut_of_an_answer_is_read_as_by_httpx(answer: bytes, arrivals: bool) -> None:
    places = [0, 5, *range(len(answer) - 30, len(answer)), len(answer) // 2]
    cuts = [[answer[:at], answer[at:]] for at in places if 0 <= at < len(answer)] or [[b""]]
    for pieces in [*cuts, [bytes([byte]) for byte in answer]]:
        assert outcome(ours, pieces, arrivals=arrivals) == outcome(theirs, pieces, arrivals=arrivals), pieces


@pytest.mark.parametrize("seed", range(4))
def test_answers_with_changed_bytes_are_read_or_refused_as_by_httpx(seed: int) -> None:
    random = Random(seed)
    whole = [answer for answer in ANSWERS.values() if answer]
    ends = []
    for _ in range(120):
        answer = bytearray(random.choice([USUAL + BODY, random.choice(whole)]))
        for _ in range(random.choice((1, 1, 2, 3))):
            place = random.randrange(len(answer))
            answer[place] = random.choice((*b"\r\n :;,\t\x00\x7f\xff019aZ", random.randrange(256)))
        at = random.randrange(len(answer))
        pieces = random.choice(([bytes(answer)], [bytes(answer[:at]), bytes(answer[at:])]))
        expected = outcome(theirs, pieces, arrivals=True)
        ends.append(isinstance(expected[0][0], int))
        seen = outcome(ours, pieces, arrivals=True)
        if REFUSED in seen:  # what follows an answer is not taken for the beginning of the next
            first = seen.index(REFUSED)
            seen, expected = seen[:first], expected[:first]
        assert seen == expected, bytes(answer)
    assert 10 < sum(ends) < 110, "both kinds are tried"


def test_a_usual_answer_is_read_without_h11(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("h11 was asked")

    monkeypatch.setattr(plain_exchange.PlainRequest, "sent", never)
    for name in ("usual", "keep-alive", "no-reason"):
        seen = outcome(ours, [ANSWERS[name]], arrivals=True)
        assert seen[2] == b"data: 1\n\ndata: [DONE]\n\n"
        assert seen[-1] == 1, "the second request uses the same connection"
    with pytest.raises(AssertionError, match="h11 was asked"):
        outcome(ours, [ANSWERS["trailers"]], arrivals=True)


def test_no_request_is_sent_after_an_answer_to_nothing() -> None:
    pieces = [USUAL + BODY + USUAL + BODY]
    seen = outcome(ours, pieces, arrivals=True)
    assert seen[2] == b"data: 1\n\ndata: [DONE]\n\n"
    assert seen[3] == REFUSED


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("ends", [True, False], ids=["the-server-ends-it", "too-old"])
def test_a_connection_that_has_ended_or_is_too_old_is_not_used(listener: socket.socket, ends: bool) -> None:
    accepted: list[socket.socket] = []
    served = threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            accepted.append(connection)
            connection.recv(1 << 16)
            connection.sendall(USUAL + BODY)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            served.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = httpx.URL(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    limits = httpx.Limits(keepalive_expiry=20.0 if ends else 0.0)
    with httpx.Client(trust_env=False, timeout=20.0, limits=limits) as client:
        bound(client)
        kept = KeptConnections(client, url)
        send = RepeatedPost(client, kept, url, HEADERS).send
        for _ in range(2):
            with allowed(20.0, 1 << 20), closing(send(b"{}")) as response:
                body = Arrivals(response, b"[DONE]")
                assert b"".join(data for pieces in iter(body.next, []) for _, data in pieces)
            assert served.wait(20)
            served.clear()
        kept.drop()
    thread.join(20)
    assert len(accepted) == 2
    for connection in accepted:
        connection.close()


@pytest.mark.parametrize(
    ("url", "possible"), [("http://127.0.0.1:9/", True), ("https://127.0.0.1:9/", False), ("http://[::1]/", True)]
)
def test_a_server_behind_tls_is_left_to_httpx(url: str, possible: bool) -> None:
    with httpx.Client(trust_env=False) as client:
        assert KeptConnections(client, httpx.URL(url)).possible is possible


def test_a_server_behind_a_proxy_is_left_to_httpx() -> None:
    with httpx.Client(proxy="http://127.0.0.1:3128") as client:
        assert not KeptConnections(client, URL).possible
