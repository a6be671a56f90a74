"""Serve a model that is loaded in this process, so that a gateway can ask it: OpenAI's chat and completions."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from wattbench.clock import now_s
from wattbench.errors import UserError
from wattbench.systems.base import GENERATE, Engine, Reply

MOST_BODY_BYTES = 1 << 24
IDLE_S = 300.0
_CHAT = ("/v1/chat/completions", "/chat/completions")
_COMPLETIONS = ("/v1/completions", "/completions")
_MODELS = ("/v1/models", "/models")
_UNKNOWN = ("tools", "functions", "tool_choice", "response_format")
"""Fields that a model of this process cannot follow: a request with one is refused, not answered as if without."""


class _NotServedError(Exception):
    """A request that cannot be answered; the message says why."""


@dataclass(frozen=True)
class _Question:
    """A request, as the engine is asked it."""

    prompt: str
    settings: Mapping[str, Any]
    chat: bool
    streamed: bool
    states_usage: bool


class ModelServer:
    """A server on loopback in front of an engine. One request is answered at a time, as a model here answers one."""

    def __init__(self, engine: Engine, *, model: str, chat: bool) -> None:
        """Start it.

        Args:
            engine: generates.
            model: the name of the model.
            chat: whether messages are written with the model's own chat template; else as plain text.
        """
        self._engine, self._model, self._chat = engine, model, chat
        self._turn = threading.Lock()
        self._http = _HTTPServer(("127.0.0.1", 0), _ModelHandler)
        self._http.front = self
        self.base_url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering, after the request that is being answered."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        with self._turn:
            """No request is in the model."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def models(self) -> dict[str, Any]:
        """Return the list of models: the one."""
        return {"object": "list", "data": [{"id": self._model, "object": "model", "owned_by": "wattbench"}]}

    def read(self, body: Any, *, chat: bool) -> _Question:
        """Read the body of a request.

        Raises:
            _NotServedError: it is none, or asks for what a model of this process cannot do.
        """
        if not isinstance(body, Mapping):
            raise _NotServedError("the body is no JSON object")
        for name in _UNKNOWN:
            if body.get(name):
                raise _NotServedError(f"{name}: a model in wattbench's own process knows none; serve it with a server")
        if body.get("n") not in (None, 1):
            raise _NotServedError("n: one answer is given")
        options = body.get("stream_options")
        return _Question(
            self._prompt(body, chat=chat),
            _settings(body),
            chat,
            streamed=body.get("stream") is True,
            states_usage=isinstance(options, Mapping) and options.get("include_usage") is True,
        )

    def answer(self, question: _Question) -> Reply:
        """Ask the engine."""
        from lm_eval.api.instance import Instance

        request = Instance(GENERATE, {}, (question.prompt, dict(question.settings)), 0)
        with self._turn:
            self._engine.activate()
            [reply] = self._engine.answer(GENERATE, [request])
        if reply.failure is not None:
            raise _NotServedError(reply.failure)
        return reply

    def bodies(self, question: _Question, reply: Reply) -> list[dict[str, Any]]:
        """Return the answer as the protocol has it: one object, or the pieces of a stream."""
        name = "chat.completion" if question.chat else "text_completion"
        piece = question.streamed
        kind = f"{name}.chunk" if piece and question.chat else name
        base = {"id": f"wattbench-{uuid.uuid4().hex}", "object": kind, "created": int(now_s()), "model": self._model}
        message = {"role": "assistant", "content": str(reply.value)}
        said = {"delta" if piece else "message": message} if question.chat else {"text": str(reply.value)}
        first = {**base, "choices": [{"index": 0, **said, "finish_reason": reply.finish_reason or "stop"}]}
        usage = _usage(reply)
        if not piece:
            return [{**first, **usage}]
        return [first, *([{**base, "choices": [], **usage}] if question.states_usage else [])]

    def _prompt(self, body: Mapping[str, Any], *, chat: bool) -> str:
        if not chat:
            prompt = body.get("prompt")
            if not isinstance(prompt, str):
                raise _NotServedError("prompt: it is no text")
            return prompt
        messages = body.get("messages")
        turns = [_turn(each) for each in messages] if isinstance(messages, list) else []
        if not turns:
            raise _NotServedError("messages: there are none")
        if not self._chat:
            return "\n\n".join(turn["content"] for turn in turns)
        try:
            return str(self._engine.lm.apply_chat_template(turns))
        except Exception as error:  # a template is the model's, and refuses turns by any exception
            raise _NotServedError(f"messages: the chat template of the model refuses them ({error})") from error


def _turn(message: Any) -> dict[str, str]:
    if not isinstance(message, Mapping) or message.get("role") not in ("system", "user", "assistant", "developer"):
        raise _NotServedError("messages: a message has a role that a model in wattbench's own process does not know")
    content = message.get("content")
    if isinstance(content, list):
        texts = [each.get("text") if isinstance(each, Mapping) else None for each in content]
        known = [text for text in texts if isinstance(text, str)]
        content = "".join(known) if len(known) == len(texts) else None
    if not isinstance(content, str):
        raise _NotServedError("messages: a message has content that is no text")
    return {"role": "system" if message["role"] == "developer" else message["role"], "content": content}


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of generation as lm-eval has them."""
    stop = body.get("stop") or []
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    temperature = body.get("temperature", 0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 <= temperature <= 100:
        raise _NotServedError("temperature: it is no number from 0 on")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= 1 << 20):
        raise _NotServedError("max_tokens: it is no number of tokens")
    until = [stop] if isinstance(stop, str) else stop
    if not isinstance(until, list) or not all(isinstance(each, str) for each in until):
        raise _NotServedError("stop: it is no text, and no list of texts")
    sampled = {"do_sample": True, "temperature": float(temperature)} if temperature else {"do_sample": False}
    return {"until": until, **sampled, **({} if limit is None else {"max_gen_toks": limit})}


def _usage(reply: Reply) -> dict[str, Any]:
    """Return the tokens of an answer, where they are known."""
    if reply.prompt_tokens is None or reply.output_tokens is None:
        return {}
    counts = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.output_tokens}
    return {"usage": {**counts, "total_tokens": sum(counts.values())}}


class _HTTPServer(ThreadingHTTPServer):
    front: ModelServer
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that went away is no event."""


class _ModelHandler(BaseHTTPRequestHandler):
    server: _HTTPServer
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Write no log."""

    def do_GET(self) -> None:
        """Answer what a client asks before it begins."""
        if self.path in _MODELS:
            self._send(200, self.server.front.models())
        else:
            self._refuse(404, "no such path")

    def do_POST(self) -> None:
        """Answer a request with the model."""
        try:
            body = self._body()
            if self.path not in (*_CHAT, *_COMPLETIONS):
                self._refuse(404, "a model in wattbench's own process has chat completions and completions")
                return
            front = self.server.front
            question = front.read(body, chat=self.path in _CHAT)
            bodies = front.bodies(question, front.answer(question))
        except _NotServedError as error:
            self._refuse(400, str(error))
            return
        except UserError as error:
            self._refuse(500, str(error))
            return
        if question.streamed:
            events = [*(json.dumps(each) for each in bodies), "[DONE]"]
            self._send_bytes(200, "text/event-stream", "".join(f"data: {each}\n\n" for each in events).encode())
        else:
            self._send(200, bodies[0])

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            self.close_connection = True
            raise _NotServedError(f"a body of at most {MOST_BODY_BYTES:,} bytes with its length is needed")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise _NotServedError("the body is no JSON") from error

    def _refuse(self, status: int, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "invalid_request_error"}})

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        self._send_bytes(status, "application/json", json.dumps(body).encode())

    def _send_bytes(self, status: int, kind: str, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the client went away
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
