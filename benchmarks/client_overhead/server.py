"""Stream completions with known delays, and record when each request came and when its answer left.

`python -m benchmarks.client_overhead.server LOG --port-file FILE` serves until it is terminated, in a process of its
own. A thread serves each connection with blocking sockets: an event loop rounds its delays up to a millisecond. A line
of LOG is one request. Its clock is `CLOCK_MONOTONIC`, which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import socket
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, TextIO

MODEL = "delays"
NUMBER = re.compile(r"Request (\d+)\b")
"""How a prompt says which one it is."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass(frozen=True)
class Delays:
    """How an answer comes."""

    first_token_s: float = 0.02
    """From the last byte of the request to the first token."""
    token_s: float = 0.003
    """From each token to the next."""
    tokens: int = 32

    @property
    def answer_s(self) -> float:
        """Return how long an answer takes."""
        return self.first_token_s + (self.tokens - 1) * self.token_s


@dataclass(frozen=True)
class Served:
    """One request, as the server saw it. Seconds of `time.monotonic`."""

    number: int
    """Of its prompt; -1 if it has none."""
    request_id: str | None
    """Its header `X-Request-ID`."""
    arrived_s: float
    """Right after its last byte was read."""
    first_byte_s: float
    """Right before the first byte of the first token was written."""
    last_byte_s: float
    """Right before the last bytes of the stream were written."""

    @property
    def own_s(self) -> float:
        """Return the seconds that the server took."""
        return self.last_byte_s - self.arrived_s


def read(path: Path) -> list[Served]:
    """Read a log."""
    return [Served(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


class Server:
    """The server. Its threads are daemons."""

    def __init__(self, delays: Delays, log: TextIO) -> None:
        """Listen on a free port of loopback."""
        self._delays, self._log = delays, log
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._socket.getsockname()[1])

    def serve(self) -> None:
        """Serve each connection in a thread, for ever."""
        while True:
            connection, _ = self._socket.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._connection, args=(connection,), daemon=True).start()

    def _connection(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as reader:
                while (asked := _request(reader)) is not None:
                    self._answer(connection, *asked, arrived_s=time.monotonic())
        except OSError:  # the client has gone
            pass

    def _answer(
        self, connection: socket.socket, path: str, headers: dict[str, str], body: bytes, arrived_s: float
    ) -> None:
        if not path.endswith("/completions"):
            connection.sendall(_listing())
            return
        asked = json.loads(body)
        chat = "messages" in asked
        text = json.dumps(asked["messages"] if chat else asked["prompt"])
        numbers = NUMBER.findall(text)
        served = self._stream(connection, chat=chat, wants_usage=bool(asked.get("stream_options")), since_s=arrived_s)
        line = Served(int(numbers[-1]) if numbers else -1, headers.get("x-request-id"), arrived_s, *served)
        with self._lock:
            self._log.write(json.dumps(asdict(line)) + "\n")
            self._log.flush()

    def _stream(
        self, connection: socket.socket, *, chat: bool, wants_usage: bool, since_s: float
    ) -> tuple[float, float]:
        delays, kind = self._delays, "chat.completion.chunk" if chat else "text_completion"
        head = {"id": f"cmpl-{next(self._numbers)}", "object": kind, "created": 1, "model": MODEL}
        piece = {"delta": {"content": " word"}} if chat else {"text": " word"}
        token = _event(head | {"choices": [{"index": 0, **piece, "finish_reason": None}]})
        last = _event(head | {"choices": [{"index": 0, **piece, "finish_reason": "length"}]})
        usage = {"prompt_tokens": 16, "completion_tokens": delays.tokens, "total_tokens": 16 + delays.tokens}
        counts = _event(head | {"choices": [], "usage": usage}) if wants_usage else b""
        end = last + counts + _chunk(b"data: [DONE]\n\n") + _chunk(b"")
        first_byte_s = last_byte_s = 0.0
        for number in range(delays.tokens):
            _sleep_until(since_s + delays.first_token_s + number * delays.token_s)
            last_byte_s = time.monotonic()
            first_byte_s = first_byte_s or last_byte_s
            content = end if number == delays.tokens - 1 else token
            connection.sendall(content if number else _HEAD + content)
        return first_byte_s, last_byte_s


def _request(reader: BufferedReader) -> tuple[str, dict[str, str], bytes] | None:
    """Read one request; None at the end of the connection."""
    line = reader.readline()
    if not line:
        return None
    path = line.split()[1].decode()
    headers: dict[str, str] = {}
    while (field := reader.readline().strip()) != b"":
        name, _, value = field.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return path, headers, reader.read(int(headers.get("content-length", "0")))


def _listing() -> bytes:
    body = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "benchmark"}]}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def _event(content: dict[str, Any]) -> bytes:
    return _chunk(b"data: " + json.dumps(content).encode() + b"\n\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _sleep_until(at_s: float) -> None:
    if (left_s := at_s - time.monotonic()) > 0:
        time.sleep(left_s)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--port-file", type=Path, required=True, help="where the port is written")
    default = Delays()
    parser.add_argument("--first-token-s", type=float, default=default.first_token_s)
    parser.add_argument("--token-s", type=float, default=default.token_s)
    parser.add_argument("--tokens", type=int, default=default.tokens)
    options = parser.parse_args(arguments)
    with options.log.open("w", encoding="utf-8") as log:
        server = Server(Delays(options.first_token_s, options.token_s, options.tokens), log)
        ready = options.port_file.with_suffix(".new")
        ready.write_text(str(server.port))
        ready.rename(options.port_file)
        server.serve()


if __name__ == "__main__":
    sys.exit(main())
