"""What the gateway adds to the first byte of an answer: at most a millisecond, or no more than a bare proxy does.

Streamed chats are asked of a server with known delays in turns: directly, through a pass-through of Starlette and httpx
in its fewest lines (`benchmarks/gateways/bare.py`), and through the gateway. Each keeps its connection.

    pytest benchmarks/bench_gateway.py --benchmark-only -s
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.client_overhead.server import MODEL, Delays
from wattbench.gateways import Gateway, Upstream

REQUESTS = int(os.environ.get("WATTBENCH_BENCH_REQUESTS", "300"))
"""Of each way."""
WARM = 20
"""Asked before, and not counted."""
MOST_ADDED_S = 1e-3
"""To the median of the first byte, where the machine is fast or idle enough for the bare one to add less."""
DELAYS = Delays(first_token_s=0.002, token_s=0.0005, tokens=8)
BODY = json.dumps(
    {"model": MODEL, "messages": [{"role": "user", "content": "word " * 400}], "max_tokens": 8, "stream": True}
)
BARE = Path(__file__).parent / "gateways" / "bare.py"
READY_S = 30.0


@contextmanager
def ended(command: list[str]) -> Iterator[None]:
    """Run a command meanwhile."""
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a port that was free just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    """Wait until something listens."""
    until_s = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < until_s
            time.sleep(0.05)
        else:
            return


class Way:
    """A way to the server, with its own connection."""

    def __init__(self, base_url: str) -> None:
        url = urlsplit(base_url)
        self._path = f"{url.path}/chat/completions"
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port)
        self.first_byte_s: list[float] = []

    def ask(self) -> None:
        """Time one request from its first byte to the first byte of the body."""
        connection = self._connection
        if connection.sock is None:
            connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began_s = time.perf_counter()
        connection.request("POST", self._path, BODY, {"Content-Type": "application/json", "Authorization": "Bearer k"})
        response = connection.getresponse()
        assert response.status == 200
        first = response.read1(1)
        self.first_byte_s.append(time.perf_counter() - began_s)
        assert (first + response.read()).endswith(b"data: [DONE]\n\n")

    @property
    def median_s(self) -> float:
        """Return the median of the requests that count."""
        return statistics.median(self.first_byte_s[WARM:])


def measure(folder: Path) -> dict[str, float]:
    """Return the median seconds to the first byte of each way."""
    file = folder / "port"
    server = [sys.executable, "-m", "benchmarks.client_overhead.server", str(folder / "log"), "--port-file", str(file)]
    server += ["--first-token-s", str(DELAYS.first_token_s), "--token-s", str(DELAYS.token_s)]
    server += ["--tokens", str(DELAYS.tokens)]
    with ExitStack() as stack:
        stack.enter_context(ended(server))
        while not file.exists():
            time.sleep(0.05)
        direct = f"http://127.0.0.1:{file.read_text()}/v1"
        port = free_port()
        stack.enter_context(ended([sys.executable, str(BARE), direct.removesuffix("/v1"), str(port)]))
        wait_for(port)
        gateway = stack.enter_context(Gateway(Upstream(direct), system="bench", keep=lambda _: None))
        session = gateway.open_session()
        bases = {"direct": direct, "bare": f"http://127.0.0.1:{port}/v1", "gateway": session.base_url}
        ways = {name: Way(base) for name, base in bases.items()}
        for _ in range(WARM + REQUESTS):
            for way in ways.values():
                way.ask()
        return {name: way.median_s for name, way in ways.items()}


def test_the_gateway_adds_little_to_the_first_byte(benchmark: Any, tmp_path: Path) -> None:
    """Also print what it adds as a share of what the bare pass-through adds."""
    figures = benchmark.pedantic(measure, args=(tmp_path,), rounds=1)
    added = {name: figures[name] - figures["direct"] for name in ("bare", "gateway")}
    benchmark.extra_info.update({name: 1e3 * value for name, value in figures.items()})
    lines = [f"{name:8}{1e3 * value:6.2f} ms to the first byte" for name, value in figures.items()]
    lines += [f"{name:8}{1e3 * value:6.2f} ms added" for name, value in added.items()]
    lines += [f"gateway / bare: {added['gateway'] / added['bare']:.2f} of what is added"]
    print("\n" + "\n".join(lines))
    assert added["gateway"] <= max(MOST_ADDED_S, added["bare"])
