"""A local server that behaves like a service with an API: it streams, counts and caches tokens, limits and bills.

It keeps the bill that a service would send, by rules of its own, so that a test can hold wattbench's against it.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.made_up.http_server import LocalServer

REASONING = 6
"""Tokens of thoughts before each answer."""


@dataclass(frozen=True)
class Refused:
    """An answer in place of an answer."""

    status: int = 429
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"error": {"message": "slow down", "code": "rate_limit"}})


@dataclass
class FakeApi:
    """Answers `POST /v1/chat/completions` of those who have the key."""

    key: str = "sk-test-0123456789abcdef"
    answer: Callable[[str], str] = lambda _: "Billing"
    """The last message to the answer."""
    refusals: deque[Refused] = field(default_factory=deque)
    """What the next requests get, one each."""
    usage: Callable[[dict[str, Any]], dict[str, Any]] = lambda usage: usage
    """Changes the counts that are sent."""
    input_per_million: float = 2.0
    cached_input_per_million: float = 0.5
    output_per_million: float = 8.0
    asked: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of all requests, refused ones included."""
    billed: float = 0.0
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.reply(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    def close(self) -> None:
        self._http.close()

    def reply(self, http: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with self._lock:
            self.asked.append(body)
            refused = self.refusals.popleft() if self.refusals else None
        if refused is None and http.headers.get("Authorization") != f"Bearer {self.key}":
            refused = Refused(401, {}, {"error": {"message": "wrong key"}})
        if refused is not None:
            self._send(http, refused.status, json.dumps(refused.body).encode(), refused.headers, "application/json")
            return
        text = self.answer(body["messages"][-1]["content"])
        counts = self._bill(body, text)
        events = [{"choices": [{"index": 0, "delta": {"content": part}}]} for part in (text[:2], text[2:])]
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if body.get("stream_options", {}).get("include_usage"):
            events.append({"choices": [], "usage": self.usage(counts)})
        stream = b"".join(b"data: %s\n\n" % json.dumps(each).encode() for each in events) + b"data: [DONE]\n\n"
        self._send(http, 200, stream, {}, "text/event-stream")

    def _bill(self, body: dict[str, Any], text: str) -> dict[str, Any]:
        """Count as services do: a prompt's first message is cached from its second time on."""
        prompt = sum(len(each["content"].split()) + 4 for each in body["messages"])
        first = body["messages"][0]["content"]
        output = len(text.split()) + REASONING
        with self._lock:
            cached = len(first.split()) if first in self._seen else 0
            self._seen.add(first)
            self.billed += (
                (prompt - cached) * self.input_per_million
                + cached * self.cached_input_per_million
                + output * self.output_per_million
            ) / 1e6
        return {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": REASONING},
        }

    @staticmethod
    def _send(http: BaseHTTPRequestHandler, status: int, data: bytes, headers: dict[str, str], kind: str) -> None:
        http.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            http.send_header(name, value)
        http.end_headers()
        http.wfile.write(data)
