"""Answers are read whole, in time and from their own connection, whatever a server sends and however it is cut."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from random import Random

import httpcore
import pytest

from tests.made_up.played_connections import PlayedServer, chunked
from tests.made_up.raw_server import RawServer
from wattbench.clock import now_s
from wattbench.network import connections
from wattbench.network.allowance import Allowance, StreamError
from wattbench.network.connection import BodyPiece, Response
from wattbench.network.connections import Connections
from wattbench.network.urls import read_url

URL = "http://127.0.0.1:9/v1/completions"
BODY = chunked(b"data: 1\n\n", b"data: [DONE]\n\n")
USUAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CONTENT = b"data: 1\n\ndata: [DONE]\n\n"
ANSWERS = {
    "usual": (USUAL + BODY, 200, CONTENT),
    "keep-alive": (USUAL[:-2] + b"Connection: Keep-Alive\r\nX-Empty:\r\n\r\n" + BODY, 200, CONTENT),
    "trailers": (USUAL + chunked(b"x", end=b"0\r\nX-Took: 1\r\n\r\n"), 200, b"x"),
    "extensions": (USUAL + b"A;x=1\r\n0123456789\r\n0;y\r\n\r\n", 200, b"0123456789"),
    "no-reason": (USUAL.replace(b" OK", b"") + BODY, 200, CONTENT),
    "length": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc"),
    "no-length": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, b""),
    "both": (USUAL[:-2] + b"Content-Length: 3\r\n\r\n" + BODY, 200, CONTENT),
    "refused": (b"HTTP/1.1 429 Later\r\nTransfer-Encoding: Chunked\r\n\r\n" + chunked(b"why"), 429, b"why"),
    "early": (b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + USUAL + BODY, 200, CONTENT),
    "line-feeds": (USUAL.replace(b"\r\n", b"\n") + BODY, 200, CONTENT),
    "folded": (USUAL[:-2] + b"X-Folded: a\r\n b\r\n\r\n" + BODY, 200, CONTENT),
}
"""Answers after which their connection carries another request."""
LAST_ANSWERS = {
    "close": (USUAL[:-2] + b"Connection: close\r\n\r\n" + BODY, 200, CONTENT),
    "old": (USUAL.replace(b"1.1", b"1.0") + BODY, 200, CONTENT),
    "until-the-end": (b"HTTP/1.1 200 OK\r\n\r\nabc", 200, b"abc"),
}
BROKEN = {
    "nothing": b"",
    "torn-in-the-head": USUAL[:-9],
    "torn-after-the-head": USUAL,
    "torn": USUAL + BODY[:-9],
    "torn-before-its-length": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    "no-size": USUAL + chunked(b"x", end=b"none\r\n"),
    "no-http": b"SSH-2.0-OpenSSH\r\n\r\n",
    "other-http": b"HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "a-long-line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    "many-headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
}


def ask(of: Connections, *, seconds: float = 20.0, most_bytes: int = 1 << 20) -> tuple[Response, bytes]:
    """Send a request, and read its answer."""
    connection = of.take(Allowance(seconds, most_bytes))
    with of.exchange(connection, of.url, b"{}") as answer:
        return answer, answer.body()


def cuts(whole: bytes) -> list[list[bytes]]:
    """Cut an answer in two at many places, and into bytes."""
    places = sorted({5, len(whole) // 2, *range(max(len(whole) - 30, 1), len(whole))})
    return [[whole], *([whole[:at], whole[at:]] for at in places), [bytes([byte]) for byte in whole]]


@pytest.mark.parametrize(("whole", "status", "content"), (ANSWERS | LAST_ANSWERS).values(), ids=ANSWERS | LAST_ANSWERS)
def test_every_cut_of_an_answer_gives_the_same_and_leaves_its_connection_unless_it_ends_it(
    whole: bytes, status: int, content: bytes
) -> None:
    ends = (whole, status, content) in LAST_ANSWERS.values()
    for pieces in cuts(whole):
        with PlayedServer(pieces).playing() as server:
            of = Connections(read_url(URL), {})
            for _ in range(3):
                answer, body = ask(of)
                assert (answer.status, body) == (status, content), pieces
        assert server.connections == (3 if ends else 1)


@pytest.mark.parametrize("whole", BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_answer_is_none_however_it_is_cut(whole: bytes) -> None:
    for pieces in cuts(whole)[:-1]:
        with PlayedServer(pieces).playing(), pytest.raises((HTTPException, OSError)):
            ask(Connections(read_url(URL), {}))


def test_what_came_before_a_break_is_handed_out() -> None:
    first = USUAL + chunked(b"one", b"two", end=b"")
    with PlayedServer([first + b"3\r\nth"]).playing():
        of = Connections(read_url(URL), {})
        with of.exchange(of.take(Allowance(20.0, 1000)), of.url) as answer:
            pieces = answer.pieces()
            assert [next(pieces).data for _ in range(3)] == [b"one", b"two", b"th"]
            with pytest.raises(ConnectionError, match="the answer broke off"):
                next(pieces)


def by_httpcore(pieces: Sequence[bytes]) -> tuple[int, bytes] | None:
    with httpcore.ConnectionPool(network_backend=httpcore.MockBackend(list(pieces))) as pool:
        try:
            answer = pool.request("POST", URL, content=b"{}")
        except (httpcore.RemoteProtocolError, httpcore.ReadError):
            return None
        return answer.status, answer.content


def by_us(pieces: Sequence[bytes]) -> tuple[int, bytes] | None:
    with PlayedServer(pieces).playing():
        try:
            answer, body = ask(Connections(read_url(URL), {}))
        except (HTTPException, OSError):
            return None
        return None if answer.encodings else (answer.status, body)


@pytest.mark.parametrize("seed", range(4))
def test_no_answer_with_changed_bytes_is_another_than_httpcore_reads(seed: int) -> None:
    """`http.client` reads some that httpcore refuses: names of headers with blanks, say."""
    random = Random(seed)
    whole = [answer for answer, _, _ in (*ANSWERS.values(), *LAST_ANSWERS.values())]
    read = refused = 0
    for _ in range(444):
        answer = bytearray(random.choice([USUAL + BODY, random.choice(whole)]))
        for _ in range(random.choice((1, 1, 2, 3))):
            place = random.randrange(len(answer))
            answer[place] = random.choice((*b"\r\n :;,\t\x00\x7f\xff019aZ", random.randrange(256)))
        at = random.randrange(len(answer))
        pieces = random.choice(([bytes(answer)], [bytes(answer[:at]), bytes(answer[at:])]))
        ours, theirs = by_us(pieces), by_httpcore(pieces)
        assert ours == theirs or None in (ours, theirs), bytes(answer)
        assert ours is not None or theirs is None or b"HTTP/1." not in answer or b"chunked \n" in answer, bytes(answer)
        read += ours == theirs is not None
        refused += ours is None
    assert read > 100
    assert refused > 20


def test_bytes_are_counted() -> None:
    server = PlayedServer([USUAL, *[chunked(b"x" * 1000, end=b"")] * 10])
    with server.playing(), pytest.raises(StreamError, match="it sent more than 5000 bytes"):
        ask(Connections(read_url(URL), {}), most_bytes=5000)


def test_head_and_body_of_a_request_go_together() -> None:
    with PlayedServer([ANSWERS["usual"][0]]).playing() as server:
        url = read_url("http://na%20me:pass%40word@far.test:81/v1/a b?version=1#part")
        of = Connections(url, {"Authorization": "Bearer abc"})
        ask(of)
    [sent] = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert sorted(head.split(b"\r\n")) == sorted(
        [
            b"POST /v1/a%20b?version=1 HTTP/1.1", b"Host: far.test:81", b"Accept-Encoding: identity",
            b"Authorization: Basic bmEgbWU6cGFzc0B3b3Jk", b"Content-Type: application/json", b"Content-Length: 2",
        ]
    )  # fmt: skip


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.mark.slow
@pytest.mark.parametrize("after", ["its-end", "more", "too-long"])
def test_a_connection_that_has_ended_has_more_to_read_or_is_too_old_is_not_used(
    listener: socket.socket, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if after == "too-long":
        monkeypatch.setattr(connections, "KEEP_ALIVE_S", 0.0)
    accepted: list[socket.socket] = []
    served = threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            accepted.append(connection)
            connection.recv(1 << 16)
            connection.sendall(USUAL + BODY)
            if after == "its-end":
                connection.shutdown(socket.SHUT_WR)
            if after == "more":
                connection.sendall(USUAL + chunked(b"of nothing"))
            served.set()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    of = Connections(read_url(url_of(listener)), {})
    for _ in range(2):
        assert ask(of)[1] == CONTENT
        assert served.wait(20)
        served.clear()
    of.drop()
    thread.join(20)
    assert len(accepted) == 2
    for connection in accepted:
        connection.close()


@pytest.mark.slow
def test_the_answer_of_a_server_that_does_not_read_is_read(listener: socket.socket) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 413 Long\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwhy")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(10)
        time.sleep(0.2)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    of = Connections(read_url(url_of(listener)), {})
    connection = of.take(Allowance(20.0, 1000))
    with of.exchange(connection, of.url, b"x" * (1 << 26)) as answer:
        assert answer.status == 413


@pytest.mark.slow
def test_a_piece_is_handed_out_when_it_comes_with_its_moment() -> None:
    server = RawServer()
    sent_s: list[float] = []
    seen = threading.Semaphore(0)

    def send(connection: socket.socket) -> None:
        connection.sendall(USUAL)
        for part in (b"a", b"b", b"c"):
            sent_s.append(now_s())
            connection.sendall(chunked(part, end=b""))
            assert seen.acquire(timeout=20)
        connection.sendall(chunked())

    server.gets = [send]
    of = Connections(read_url(server.base_url), {})
    came: list[BodyPiece] = []
    with of.exchange(of.take(Allowance(20.0, 1000)), of.url) as answer:
        for piece in answer.pieces():
            time.sleep(0.02)  # what is done with a piece is not in its moment
            came.append(piece)
            assert piece.arrived_s < now_s() - 0.02
            seen.release()
    server.close()
    assert [data for _, data in came] == [b"a", b"b", b"c"]
    assert all(sent <= piece.arrived_s for sent, piece in zip(sent_s, came, strict=True))
