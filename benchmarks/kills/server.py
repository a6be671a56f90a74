"""Serve the sums of tests/data over the OpenAI completions protocol, on a port of loopback: `python server.py PORT`."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Answers with the sum of the last two numbers of a prompt."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """List the one model; any other path says that the server is ready."""
        self._send(json.dumps({"data": [{"id": "sums"}]}).encode(), "application/json")

    def do_POST(self) -> None:
        """Answer a prompt in two chunks and a count."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        a, b = re.findall(r"(\d+) \+ (\d+)", str(asked["prompt"]))[-1]
        time.sleep(self.server.answer_s)  # type: ignore[attr-defined]  # of the server below
        usage = {"prompt_tokens": 8, "completion_tokens": 2}
        text = str(int(a) + int(b))
        chunks = [
            {"choices": [{"index": 0, "text": text[:1], "finish_reason": None}]},
            {"choices": [{"index": 0, "text": text[1:], "finish_reason": "stop"}]},
            {"choices": [], "usage": usage},
        ]
        lines = [f"data: {json.dumps({'object': 'text_completion', **chunk})}\n\n" for chunk in chunks]
        self._send("".join([*lines, "data: [DONE]\n\n"]).encode(), "text/event-stream")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """The server; a client that is killed in the middle of an answer is no error of it."""

    daemon_threads = True
    request_queue_size = 128
    answer_s = 0.005
    """How long an answer takes."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


def start(port: int = 0, *, answer_s: float = Server.answer_s) -> Server:
    """Serve in a thread of this process, and return the server."""
    server = Server(("127.0.0.1", port), Handler)
    server.answer_s = answer_s
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
