"""A local server of a model that thinks before it answers: where it may not write enough tokens, no answer comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.made_up.http_server import LocalServer


@dataclass
class ThinkingServer:
    """Answers `POST /v1/completions` and `/v1/chat/completions`, a word per token."""

    answer: Callable[[str], str]
    """The prompt to the answer of one token."""
    thoughts: int = 40
    """Tokens before it."""
    limits: list[int] = field(default_factory=list)
    """The limit of tokens that each request named, in the order in which they came."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.send(self, json.dumps({"data": [{"id": "thinker", "owned_by": "someone"}]}), "application/json")

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.send(self, server.stream(body), "text/event-stream")

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    def close(self) -> None:
        self._http.close()

    def stream(self, body: dict[str, Any]) -> str:
        """Return the events of an answer, cut at the limit that the request names."""
        limit = body["max_tokens"]
        with self._lock:
            self.limits.append(limit)
        prompt = body.get("prompt") or body["messages"][-1]["content"]
        words = ["hmm"] * self.thoughts + [self.answer(prompt)]
        reason, text = "length" if limit < len(words) else "stop", " ".join(words[:limit])
        piece = {"delta": {"content": text}} if "messages" in body else {"text": text}
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": min(limit, len(words))}
        events = [{"choices": [{"index": 0, **piece, "finish_reason": reason}]}, {"choices": [], "usage": usage}]
        return "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"

    @staticmethod
    def send(http: BaseHTTPRequestHandler, text: str, kind: str) -> None:
        http.send_response(200)
        http.send_header("Content-Type", kind)
        http.send_header("Content-Length", str(len(text.encode())))
        http.end_headers()
        http.wfile.write(text.encode())
