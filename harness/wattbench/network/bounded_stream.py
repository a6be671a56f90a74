"""Read and write one connection within the allowance of the thread that uses it.

Each piece of a streamed answer wakes the client, and what it does then is its share of the latency and of the energy
that it measures. So a body can be read here, below the parser of httpcore, which takes several times as long as the
rest of the client (`arrivals`).
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ssl import SSLContext, SSLSocket
from typing import Any, NamedTuple

import httpcore

from wattbench.clock import now_s, stamp_s
from wattbench.network.allowance import Allowance, EarlyAnswerError, allowance

READ_BYTES = 1 << 16
"""The most bytes of one read, as httpcore has it."""
WRITE_BYTES = 1 << 14
"""The most bytes of one write: the socket takes them at once or not at all, so that no server makes a write long by
reading slowly."""
SHORT_S = 0.25
"""A wait of no more than this is set as it is."""

_KERNEL_WAITS = sys.platform == "linux" and struct.calcsize("l") == 8
"""Whether the kernel's own timeout of a socket is two long integers."""

# Where h11 sees the end of a head, and how one begins that is not followed by another.
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FINAL = re.compile(rb"HTTP/1\.[01] [2-5]")


class StreamPiece(NamedTuple):
    """What came at once."""

    arrived_s: float
    """Right after it was read (`wattbench.clock`)."""
    data: bytes


class Ends:
    """Sees after which piece of a body none is waited for: it has what ends the body, cut in two or not."""

    def __init__(self, end: bytes, last: bytes, other: bytes | None = None) -> None:
        """Begin with a body.

        Args:
            end: with which its last bytes end.
            last: what is in its last piece, as a rule.
            other: the byte that all other pieces have where the last one has that before its end, as a rule.
        """
        self._end, self._last, self.other = end, last, other
        self.place = slice(-len(end) - 1, -len(end))
        """Where that byte is in a piece."""
        self._tail = b""

    def after(self, *pieces: bytes) -> bool:
        """Return whether the last of these pieces, which follow those that were seen, is the last of all, as far as can
        be seen."""
        return not pieces[-1] or self._last in pieces[-1] or self._tail_with(pieces) == self._end

    def seen(self, *pieces: bytes) -> None:
        """Count pieces as seen."""
        self._tail = self._tail_with(pieces)

    def _tail_with(self, pieces: Sequence[bytes]) -> bytes:
        length = len(self._end)
        return (self._tail + b"".join(pieces[-length:]))[-length:]


@dataclass
class Reuse:
    """Whether the connections of a client may carry more than one request each."""

    allowed: bool = True
    by_approval: bool = False
    """Whether each answer has to be approved first (`BoundedStream.approved`). Until then its connection is not used:
    one whose answer has ended is free for other threads before the thread that asked has looked at it."""


class BoundedStream(httpcore.NetworkStream):
    """A connection whose operations take no longer than what is left to their request, whatever the server sends.

    Setting a timeout is a system call, and what is left shrinks with every piece. So half of what is left is set, and
    set again when it has passed or is more than what is left.

    The head of an answer that comes whole is handed out alone, and what came with it is held back: `read_body` has all
    of the body then.
    """

    def __init__(self, inner: httpcore.NetworkStream, reuse: Reuse | None = None, *, in_tls: bool = False) -> None:
        """Wrap a connection.

        Args:
            inner: the connection.
            reuse: of the connections of its client; None: it may be used again.
            in_tls: it is TLS within TLS, whose bytes are not those of its socket.
        """
        self._inner = inner
        self._reuse = reuse or Reuse()
        self.carried: set[int] = set()
        self.last = b""
        self.approved = False
        """As in `CarryingConnection`. So for `carried` and `last`."""
        self._socket: socket.socket | None = None if in_tls else inner.get_extra_info("socket")
        self._set_s: float | None = None
        self._kernel_set_s = 0.0
        self._awaits_head = False
        self._unsent = b""
        self._held = b""
        self._arrived_s = 0.0
        self.at_body = False
        """A head was handed out, and nothing of its body: `read_body` has all of it."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what was held back, or else what comes; nothing at the end of the connection."""
        self.at_body = False
        if self._unsent:
            with suppress(httpcore.WriteError):  # as httpcore has it: a server may refuse what it has not read
                self._flush(timeout)
        if self._held:
            data, self._held = self._held[:max_bytes], self._held[max_bytes:]
        else:
            data = self._receive(max_bytes, timeout) or b""
        self.last = self._head_of(data) if self._awaits_head else data
        return self.last

    def read_body(self, quiet_s: float | None = None) -> StreamPiece | None:
        """Read on in a body, for as long as `read` is not used.

        Args:
            quiet_s: how long to wait; None: as long as the request may take.

        Returns:
            What came, without bytes at the end of the connection; None if nothing has come in `quiet_s`.
        """
        if self._held:
            data, self._held = self._held, b""
            return StreamPiece(self._arrived_s, data)
        received = self._receive(READ_BYTES, None, quiet_s)
        return None if received is None else StreamPiece(self._arrived_s, received)

    def read_together(self, pieces: list[StreamPiece], most: int, quiet_s: float, ends: Ends) -> None:
        """Read on in a body, as `read_body` does, until no piece has come for a while.

        Args:
            pieces: takes what comes: that is there even if this raises.
            most: the most pieces.
            quiet_s: how long the next piece is waited for; the first one as long as the request may take.
            ends: after which piece no other is waited for.
        """
        held = allowance()
        size = 0
        while len(pieces) < most and size < READ_BYTES:
            if pieces and self._socket is not None and held is not None and not self._held:
                self._read_closely(pieces, most, quiet_s, ends, self._socket, held)
                return
            piece = self.read_body(quiet_s if pieces else None)
            if piece is None:
                return
            pieces.append(piece)
            size += len(piece.data)
            if ends.after(piece.data):
                return
            ends.seen(piece.data)

    def give_back(self, data: bytes) -> None:
        """Hold back bytes of a body: the next that are read."""
        self._held = data + self._held

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes of a request. A few are kept until more come, or the answer is read: head and body go together.

        Raises:
            EarlyAnswerError: the server has sent an answer already.
        """
        if (held := allowance()) is not None:
            held.connection = self
        if self._held:
            raise EarlyAnswerError
        self._awaits_head = True
        self.at_body = self.approved = False
        self._unsent += buffer
        if len(self._unsent) > WRITE_BYTES:
            self._flush(timeout)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS on this connection."""
        held = allowance()
        wait_s = timeout if held is None else held.wait_s(timeout, httpcore.ConnectTimeout)
        in_tls = isinstance(self._inner.get_extra_info("socket"), SSLSocket)
        return BoundedStream(self._inner.start_tls(ssl_context, server_hostname, wait_s), self._reuse, in_tls=in_tls)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection has of this name. One that may not be used again has something to read: its
        end, as those who keep it take it."""
        ended = not self._reuse.allowed or (self._reuse.by_approval and not self.approved)
        return (info == "is_readable" and ended) or self._inner.get_extra_info(info)

    def _head_of(self, data: bytes) -> bytes:
        """Return a head alone if the first bytes of an answer have all of it; else all, and httpcore reads the body."""
        self._awaits_head = False
        end = _END_OF_HEAD.search(data)
        if end is None or not _FINAL.match(data):
            return data
        self.at_body = True
        self._held = data[end.end() :] + self._held
        return data[: end.end()]

    def _receive(self, most_bytes: int, timeout_s: float | None, quiet_s: float | None = None) -> bytes | None:
        """Return what comes; None if nothing has come in `quiet_s`."""
        held = allowance()
        if held is None:
            self._set_s = None
            return self._inner.read(most_bytes, timeout_s)
        while True:
            wait_s = held.wait_s(timeout_s, httpcore.ReadTimeout)
            if quiet_s is not None and quiet_s < wait_s:
                wait_s = quiet_s
            try:
                if self._socket is None:
                    data = self._inner.read(most_bytes, wait_s)
                else:
                    self._wait_at_most(wait_s, self._socket)
                    data = self._socket.recv(most_bytes)
            except (TimeoutError, httpcore.ReadTimeout):
                self._set_s = None
                if quiet_s is not None:
                    return None
            except OSError as error:
                raise httpcore.ReadError(error) from error
            else:
                self._arrived_s = now_s()
                held.take(len(data))
                return data

    def _read_closely(
        self,
        pieces: list[StreamPiece],
        most: int,
        quiet_s: float,
        ends: Ends,
        connected: socket.socket,
        held: Allowance,
    ) -> None:
        """Read pieces from a socket, each in as few steps as can be: it finds the processor's caches cold."""
        wait_s = min(held.wait_s(None, httpcore.ReadTimeout), quiet_s)
        if _KERNEL_WAITS and type(connected) is socket.socket:
            self._wait_in_kernel(wait_s, connected)
        else:
            self._wait_at_most(wait_s, connected)
        receive, clock, where, other = connected.recv, time.perf_counter, ends.place, ends.other
        # As long as a read that takes all of what is set ends in time, nothing is set anew.
        until_s = clock() + held.left_s() - (self._set_s or wait_s)
        moments: list[float] = []
        came: list[bytes] = []
        size, most_bytes = 0, min(READ_BYTES, held.left_bytes)
        try:
            for _ in range(most - len(pieces)):
                data = receive(READ_BYTES)
                at_s = clock()
                moments.append(at_s)
                came.append(data)
                size += len(data)
                # One look at a piece that comes as others do: looking for each end takes as long as the rest of this.
                if (data[where] != other and ends.after(*came)) or size > most_bytes or at_s > until_s:
                    break
        except (TimeoutError, BlockingIOError):
            self._set_s = None
        except OSError as error:
            raise httpcore.ReadError(error) from error
        finally:
            if size > held.left_bytes:  # the last one
                del moments[-1], came[-1]
            ends.seen(*came)
            pieces += map(StreamPiece, map(stamp_s, moments), came)
            held.take(size, reads=len(came))

    def _flush(self, timeout_s: float | None) -> None:
        data, self._unsent = self._unsent, b""
        held = allowance()
        for start in range(0, len(data), WRITE_BYTES):
            self._send(data[start : start + WRITE_BYTES], timeout_s, held)

    def _send(self, data: bytes, timeout_s: float | None, held: Allowance | None) -> None:
        if held is None or self._socket is None:
            self._set_s = None
            self._inner.write(data, timeout_s if held is None else held.wait_s(timeout_s, httpcore.WriteTimeout))
            return
        while data:
            wait_s = held.wait_s(timeout_s, httpcore.WriteTimeout)
            self._wait_at_most(wait_s, self._socket)
            try:
                data = data[self._socket.send(data) :]
            except TimeoutError:
                self._set_s = None
            except OSError as error:
                raise httpcore.WriteError(error) from error

    def _wait_at_most(self, left_s: float, connected: socket.socket) -> None:
        """Let operations on the socket end before `left_s` has passed. What was set for a much shorter wait is not kept
        either, as each operation that ends too early is one more."""
        if self._set_s is not None and left_s / 8 <= self._set_s <= left_s:
            return
        self._set_s = left_s if left_s <= SHORT_S else left_s / 2
        connected.settimeout(self._set_s)

    def _wait_in_kernel(self, wait_s: float, connected: socket.socket) -> None:
        """Let the kernel end a read that takes longer. Python looks with a system call before each read whether there
        is something to read, where it has a timeout of its own. The first operation elsewhere sets that again."""
        self._set_s = None
        connected.settimeout(None)
        if wait_s != self._kernel_set_s:
            seconds, microseconds = divmod(max(round(wait_s * 1e6), 1), 1_000_000)
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, microseconds))
            self._kernel_set_s = wait_s
