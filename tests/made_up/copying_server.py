"""A server that sends some of its answers twice, the copy late, over connections that it keeps."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable

from tests.made_up.raw_server import MODELS, RawServer, events, page, said

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def numbered(number: int) -> str:
    """Return an id that no other answer has."""
    return f"cmpl-{number}"


class CopyingServer(RawServer):
    """Answers a prompt that ends in a number with that number, and then once more."""

    def __init__(
        self,
        *,
        late_s: float | None,
        takes_s: float = 0.0,
        chunked: bool = True,
        name: Callable[[int], str] = numbered,
        copies: Callable[[bytes], bytes] = lambda answer: answer,
        replaying_from: int | None = None,
    ) -> None:
        """Listen.

        Args:
            late_s: how long after an answer its copy comes; 0: in the same piece; None: when the next request of the
                connection is there.
            takes_s: how long an answer takes.
            chunked: whether answers come in chunks, or with their length.
            name: number of an answer, from 0, to its id; empty: it has none.
            copies: an answer to what is sent after it.
            replaying_from: number of the answer from which on the one before is sent in place of each.
        """
        self.late_s, self.takes_s, self.chunked, self.name, self.copies = late_s, takes_s, chunked, name, copies
        self._lock = threading.Lock()
        self._answered = 0
        self._replaying_from, self._replayed = replaying_from, b""
        self.models: Callable[[], bytes] = lambda: MODELS
        self.connections: set[object] = set()
        super().__init__()

    def _serve(self, connection: socket.socket) -> None:
        sending, owed = threading.Lock(), b""
        self.connections.add(connection.getpeername())
        with contextlib.suppress(OSError, ValueError), connection, connection.makefile("rb") as file:
            while not self._over.is_set():
                head = b""
                while (line := file.readline()) not in (b"\r\n", b""):
                    head += line
                if not head:
                    return
                length = re.search(rb"(?i)content-length: (\d+)", head)
                body = file.read(int(length[1])) if length is not None else b""
                with self._lock:
                    self.requests.append(head)
                    number, self._answered = self._answered, self._answered + 1
                answer = self._answer(body, number) if body else self.models()
                time.sleep(self.takes_s)
                copy = self.copies(answer)
                with sending:
                    connection.sendall(owed + answer + (copy if self.late_s == 0 else b""))
                owed = copy if self.late_s is None else b""
                if self.late_s:
                    threading.Thread(target=self._copy, args=(connection, sending, copy), daemon=True).start()

    def _answer(self, body: bytes, number: int) -> bytes:
        text = json.loads(body)["prompt"].split()[-1]
        named = {"id": name} if (name := self.name(number)) else {}
        if self._replaying_from is not None and number >= self._replaying_from:
            return self._replayed
        usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
        sent = events(said(text, **named), said("", "stop", **named), usage | named)
        self._replayed = HEAD + b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent) if self.chunked else page(sent)
        return self._replayed

    def _copy(self, connection: socket.socket, sending: threading.Lock, copy: bytes) -> None:
        time.sleep(self.late_s or 0.0)
        with sending, contextlib.suppress(OSError):
            connection.sendall(copy)
