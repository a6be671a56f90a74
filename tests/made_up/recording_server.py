"""A server of the OpenAI protocol that keeps the bytes of every body, and answers by the seed and the prompt."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.made_up.http_server import LocalServer


class RecordingServer:
    """Streams answers to completions and chats. Bodies, answers and refusals can be looked at, and set."""

    def __init__(self, answer: Callable[[dict[str, Any]], str] = lambda _: "4") -> None:
        self.answer = answer
        self.refuses: Callable[[dict[str, Any]], str | None] = lambda _: None
        """Why a body is refused with HTTP 400; None: it is not."""
        self.pause_s = 0.0
        """How long each answer takes."""
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._send(self, 200, {"data": [{"id": "tiny", "owned_by": "someone"}]})

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                with server._lock:
                    server.bodies.append(raw)
                body = json.loads(raw)
                time.sleep(server.pause_s)
                if (why := server.refuses(body)) is not None:
                    server._send(self, 400, {"error": {"message": why}})
                    return
                said = server.answer(body)
                part = {"delta": {"content": said}} if "messages" in body else {"text": said}
                events = [
                    {"choices": [{"index": 0, **part, "finish_reason": "stop"}]},
                    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
                ]
                stream = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in events) + b"data: [DONE]\n\n"
                server._send(self, 200, stream, "text/event-stream")

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    @staticmethod
    def _send(http: BaseHTTPRequestHandler, status: int, content: Any, kind: str = "application/json") -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        http.send_response(status)
        http.send_header("Content-Type", kind)
        http.send_header("Content-Length", str(len(data)))
        http.end_headers()
        http.wfile.write(data)

    def close(self) -> None:
        """Stop the server."""
        self._http.close()
