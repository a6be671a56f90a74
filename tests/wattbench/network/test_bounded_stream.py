"""No operation of a connection may take longer than what is left, and few system calls see to that."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.clock import now_s
from wattbench.network.allowance import Allowance, StreamError, allowed
from wattbench.network.bounded_stream import BoundedStream, Ends, StreamPiece


class Watched:
    """A socket that notes what is set, and what was left to the request then."""

    def __init__(self, comes: list[bytes]) -> None:
        self.comes = comes
        self.held: Allowance | None = None
        self.set: list[tuple[float, float]] = []
        self.sent = b""
        self.sends = 0
        self.broken = False

    def settimeout(self, seconds: float) -> None:
        assert self.held is not None
        self.set.append((seconds, self.held.left_s()))

    def recv(self, _: int) -> bytes:
        if self.comes:
            return self.comes.pop(0)
        time.sleep(self.set[-1][0])
        raise TimeoutError

    def send(self, data: bytes) -> int:
        self.sends += 1
        if self.broken:
            raise BrokenPipeError
        if len(self.sent) >= 40_000:
            time.sleep(self.set[-1][0])
            raise TimeoutError
        self.sent += data[:5000]
        return len(data[:5000])


class Inner(httpcore.NetworkStream):
    def __init__(self, connected: Any) -> None:
        self._connected = connected

    def get_extra_info(self, info: str) -> Any:
        return self._connected if info == "socket" else None


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["read", "write"])
def test_no_operation_is_set_to_more_than_is_left(operation: str) -> None:
    connected = Watched([])
    stream = BoundedStream(Inner(connected))
    late = httpcore.ReadTimeout if operation == "read" else httpcore.WriteTimeout
    with allowed(0.6, 1000) as connected.held, pytest.raises(late):
        stream.read(100, 5.0) if operation == "read" else stream.write(b"x" * 50_000, 5.0)
    assert connected.set
    assert all(0 < seconds <= left_s + 0.01 for seconds, left_s in connected.set)
    assert len(connected.set) < 8


def test_a_timeout_of_httpx_holds_for_a_read() -> None:
    connected = Watched([])
    with allowed(600.0, 1000) as connected.held:
        connected.comes = [b"x"]
        BoundedStream(Inner(connected)).read(100, 3.0)
    assert connected.set[0][0] <= 3.0


def test_a_timeout_is_not_set_for_every_piece() -> None:
    connected = Watched([b"x"] * 1000)
    stream = BoundedStream(Inner(connected))
    with allowed(600.0, 10_000) as connected.held:
        for _ in range(500):
            stream.read(100)
        for _ in range(500):
            stream.read_body(0.2)
    assert len(connected.set) == 2


def together(connected: Watched, seconds: float, most_bytes: int = 10_000, most: int = 100) -> list[StreamPiece]:
    """Read pieces until they end, or until one is late: that raises."""
    pieces: list[StreamPiece] = []
    with allowed(seconds, most_bytes) as connected.held:
        BoundedStream(Inner(connected)).read_together(pieces, most, 0.05, Ends(b"\r\n\r\n", b"[DONE]"))
    return pieces


@pytest.mark.parametrize("end", [[b"..[DONE].."], [b"0\r\n\r\n"], [b"0\r", b"\n\r", b"\n"]])
def test_pieces_are_read_up_to_the_last(end: list[bytes]) -> None:
    connected = Watched([b"a", b"b", *end, b"of the next answer"])
    began_s = now_s()
    pieces = together(connected, 600.0)
    assert [data for _, data in pieces] == [b"a", b"b", *end]
    moments = [began_s, *(at_s for at_s, _ in pieces), now_s()]
    assert moments == sorted(moments)
    assert len(connected.set) == 2
    assert connected.held is not None
    assert connected.held.reads == len(pieces)
    assert connected.held.left_bytes == 10_000 - sum(len(data) for _, data in pieces)


@pytest.mark.parametrize(("most", "number"), [(1, 1), (2, 2), (100, 3)])
def test_no_more_pieces_are_read_than_are_wanted_or_come_closely(most: int, number: int) -> None:
    assert len(together(Watched([b"x"] * 3), 600.0, most=most)) == number


def test_an_end_of_the_connection_is_a_piece_without_bytes() -> None:
    assert [data for _, data in together(Watched([b"a", b"", b"b"]), 600.0)] == [b"a", b""]


def test_what_is_beyond_the_allowance_is_handed_out_to_nobody() -> None:
    connected = Watched([b"x" * 40] * 5)
    pieces: list[StreamPiece] = []
    with allowed(600.0, 100) as connected.held, pytest.raises(StreamError, match="more than 100 bytes"):
        BoundedStream(Inner(connected)).read_together(pieces, 100, 0.05, Ends(b"\r\n\r\n", b"[DONE]"))
    assert [len(data) for _, data in pieces] == [40, 40]
    assert len(connected.comes) == 2


class Broken(Watched):
    """A socket that breaks after what comes."""

    def recv(self, most: int) -> bytes:
        if not self.comes:
            raise ConnectionResetError
        return super().recv(most)


def test_pieces_before_a_break_are_kept() -> None:
    connected = Broken([b"a", b"b"])
    pieces: list[StreamPiece] = []
    with allowed(600.0, 100) as connected.held, pytest.raises(httpcore.ReadError):
        BoundedStream(Inner(connected)).read_together(pieces, 100, 0.05, Ends(b"\r\n\r\n", b"[DONE]"))
    assert [data for _, data in pieces] == [b"a", b"b"]


class Trickling(Watched):
    """A socket to which a byte comes every few milliseconds, for ever."""

    def recv(self, _: int) -> bytes:
        time.sleep(0.005)
        return b"x"


@pytest.mark.slow
def test_what_trickles_closely_ends_in_time() -> None:
    connected = Trickling([])
    stream = BoundedStream(Inner(connected))
    pieces: list[StreamPiece] = []

    def read_on() -> None:
        while len(pieces) < 10_000:
            batch: list[StreamPiece] = []
            stream.read_together(batch, 1_000_000, 0.05, Ends(b"\r\n\r\n", b"[DONE]"))
            pieces.extend(batch)

    with allowed(0.5, 100_000) as connected.held, pytest.raises(httpcore.ReadTimeout):
        read_on()
    assert len(pieces) > 10
    assert all(0 < seconds <= left_s + 0.01 for seconds, left_s in connected.set)


def test_what_is_set_for_a_short_request_is_not_kept_for_a_long_one() -> None:
    connected = Watched([b"x"] * 2)
    stream = BoundedStream(Inner(connected))
    for seconds in (0.1, 600.0):
        with allowed(seconds, 1000) as connected.held:
            stream.read(100)
    assert connected.set[-1][0] > 100


def test_a_long_write_is_sent_whole_and_in_order() -> None:
    connected = Watched([])
    data = bytes(range(256)) * 150
    with allowed(20.0, 1000) as connected.held:
        BoundedStream(Inner(connected)).write(data)
    assert connected.sent == data


def test_head_and_body_of_a_request_go_together_once_the_answer_is_read() -> None:
    connected = Watched([b"HTTP/1.1 200 OK\r\n"])
    stream = BoundedStream(Inner(connected))
    with allowed(20.0, 1000) as connected.held:
        for each in (b"head", b"body", b""):
            stream.write(each)
        assert (connected.sends, connected.held.began_s) == (0, None)
        stream.read(100)
    assert (connected.sends, connected.sent) == (1, b"headbody")
    assert connected.held.began_s is not None


def test_the_answer_of_a_server_that_does_not_read_is_read() -> None:
    connected = Watched([b"HTTP/1.1 413 Too long\r\n"])
    connected.broken = True
    stream = BoundedStream(Inner(connected))
    with allowed(20.0, 1000) as connected.held:
        stream.write(b"request")
        assert stream.read(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("rest", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 2", b"\r\n"])
def test_nothing_is_sent_to_a_server_that_has_answered_already(rest: bytes) -> None:
    connected = Watched([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + rest])
    stream = BoundedStream(Inner(connected))
    with allowed(20.0, 1000) as connected.held:
        stream.write(b"GET")
        assert stream.read(100).endswith(b"\r\n\r\n")
        assert stream.at_body
        with pytest.raises(StreamError, match="before the request"):
            stream.write(b"GET")
    assert connected.sent == b"GET"


def test_without_an_allowance_a_connection_is_as_it_was() -> None:
    ours, theirs = socket.socketpair()

    class Plain(Inner):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return ours.recv(max_bytes)

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            ours.sendall(buffer)

    with ours, theirs:
        stream = BoundedStream(Plain(ours))
        theirs.sendall(b"pong")
        stream.write(b"ping")
        assert stream.read(10) == b"pong"
        assert theirs.recv(10) == b"ping"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, BoundedStream]]:
    """A server's socket, and the stream of a client that is connected to it."""
    server, client = socket.socketpair()
    with server, client:
        yield server, BoundedStream(Inner(client))


def read_on(stream: BoundedStream, seconds: float, quiet_s: float) -> list[StreamPiece]:
    pieces: list[StreamPiece] = []
    with allowed(seconds, 10_000):
        stream.read_together(pieces, 100, quiet_s, Ends(b"\r\n\r\n", b"[DONE]"))
    return pieces


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [20.0, 0.3])
def test_a_read_of_a_socket_ends_when_nothing_has_come(
    pair: tuple[socket.socket, BoundedStream], seconds: float
) -> None:
    server, stream = pair
    for text in (b"a", b"b"):  # what was set for the first is set again for the second
        server.sendall(text)
        assert [data for _, data in read_on(stream, seconds, 0.05)] == [text]


@pytest.mark.slow
def test_after_pieces_were_read_closely_a_read_ends_in_time(pair: tuple[socket.socket, BoundedStream]) -> None:
    server, stream = pair
    server.sendall(b"a")
    read_on(stream, 20.0, 0.05)
    began_s = now_s()
    with allowed(0.2, 100), pytest.raises(httpcore.ReadTimeout):
        stream.read(100)
    assert now_s() - began_s >= 0.2


@pytest.mark.slow
def test_a_piece_is_stamped_when_it_comes(pair: tuple[socket.socket, BoundedStream]) -> None:
    server, stream = pair
    sent_s: list[float] = []

    def send() -> None:
        for text in (b"a", b"b", b"[DONE]"):
            sent_s.append(now_s())
            server.sendall(text)
            time.sleep(0.2)

    thread = threading.Thread(target=send)
    thread.start()
    pieces = read_on(stream, 20.0, 10.0)
    came_s = now_s()
    thread.join()
    assert [data for _, data in pieces] == [b"a", b"b", b"[DONE]"]
    assert all(sent <= piece.arrived_s <= came_s for sent, piece in zip(sent_s, pieces, strict=True))
    assert pieces[0].arrived_s < sent_s[2]  # and not when the last has come


def test_a_break_of_a_socket_is_one(pair: tuple[socket.socket, BoundedStream]) -> None:
    server, stream = pair
    server.sendall(b"a")
    server.close()
    assert [data for _, data in read_on(stream, 20.0, 10.0)] == [b"a", b""]


PIECES = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\r\n\r", b"a\r\n", b"0\r\n\r\n", b"aaaa", b"aa[DONE]a", b"a}\n\n\r\n", b"}\r\n\r"]
    ),
    max_size=8,
)


@given(PIECES, st.integers(1, 4), st.sampled_from([None, b"}"]))
def test_a_body_ends_where_it_does_however_it_is_cut(cut: list[bytes], first: int, other: bytes | None) -> None:
    """And whatever was read of it before."""
    connected, ends = Watched([*cut, b"", b"of the next answer"]), Ends(b"\r\n\r\n", b"[DONE]", other)
    pieces: list[StreamPiece] = []
    with allowed(600.0, 10_000) as connected.held:
        stream = BoundedStream(Inner(connected))
        stream.read_together(pieces, first, 0.05, ends)
        if len(pieces) == first and not ended([data for _, data in pieces]):
            stream.read_together(pieces, 100, 0.05, ends)
    read = [data for _, data in pieces]
    assert [ended(read[:number]) for number in range(1, len(read) + 1)] == [False] * (len(read) - 1) + [True]


def ended(pieces: list[bytes]) -> bool:
    return not pieces[-1] or b"".join(pieces).endswith(b"\r\n\r\n") or b"[DONE]" in pieces[-1]
