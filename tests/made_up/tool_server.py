"""A server of the OpenAI protocol whose model calls the tool `add` where it is offered, and says what that returned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.made_up.http_server import LocalServer

MODEL = "made/up"


class ToolServer(LocalServer):
    """Answers ``Add 3 + 4``: with a call if there is a tool, else with the sum. Each word is a token."""

    def __init__(self) -> None:
        self.fails: Callable[[str], int | None] = lambda question: None
        """The first message of a user to the status with which it is refused."""
        self.waits: Callable[[str], object] = lambda question: None
        """Called with it before it is answered."""
        self.bodies: list[dict[str, Any]] = []
        """Of all requests, in order."""
        super().__init__(_Handler)


class _Handler(BaseHTTPRequestHandler):
    server: ToolServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Write no log."""

    def do_GET(self) -> None:
        self._send(200, {"data": [{"id": MODEL}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        messages = body["messages"]
        question = next(each["content"] for each in messages if each["role"] == "user")
        self.server.waits(question)
        status = self.server.fails(question)
        if status is not None:
            self._send(status, {"error": {"message": "made up"}})
            return
        message, finish = _reply(messages, question, tools=bool(body.get("tools")))
        words = sum(len(str(each.get("content") or "").split()) for each in messages)
        usage = {"prompt_tokens": words, "completion_tokens": 2, "total_tokens": words + 2}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        whole = {"id": "c", "object": "chat.completion", "created": 1, "model": MODEL}
        self._send(200, {**whole, "choices": [choice], "usage": usage})

    def _send(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _reply(messages: list[dict[str, Any]], question: str, *, tools: bool) -> tuple[dict[str, Any], str]:
    if messages[-1]["role"] == "tool":
        return {"role": "assistant", "content": f"ANSWER: {messages[-1]['content']}"}, "stop"
    numbers = [int(number) for number in re.findall(r"\d+", question)[-2:]]
    if not tools:
        return {"role": "assistant", "content": str(sum(numbers))}, "stop"
    arguments = json.dumps(dict(zip("xy", numbers, strict=False)))
    call = {"id": "call-1", "type": "function", "function": {"name": "add", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
