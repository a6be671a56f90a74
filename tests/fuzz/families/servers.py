"""What servers send: events, chunks, counts, lists of models, errors; and what local helpers print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.targets import Target, given, of_text
from tests.made_up.played_connections import PlayedServer, chunked
from tests.made_up.raw_server import page
from wattbench.errors import UserError
from wattbench.network.connection import Allowance, StreamError
from wattbench.network.connections import Connections
from wattbench.network.event_stream import EventDecoder
from wattbench.network.urls import read_url
from wattbench.systems.endpoint.client import OpenAIClient
from wattbench.systems.endpoint.completion_stream import Assembly, read_chunk
from wattbench.systems.endpoint.listing import discover
from wattbench.systems.endpoint.pacing import asked_delay_s
from wattbench.systems.endpoint.request import EndpointRequest, read_chat_text

CHUNKS = (
    {"id": "1", "choices": [{"index": 0, "delta": {"content": "4"}, "finish_reason": None}]},
    {
        "choices": [{"index": 0, "delta": {"reasoning_content": "so", "content": "2"}, "finish_reason": None}],
        "usage": None,
    },
    {"choices": [{"index": 0, "text": "42", "finish_reason": "stop"}]},
    {
        "choices": [],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
    },
    {
        "choices": [],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "total_tokens": 9,
            "cache_read_input_tokens": 4,
            "completion_tokens_details": {"reasoning_tokens": 1},
            "prompt_cache_hit_tokens": 1,
        },
    },
    {
        "id": "cmpl-1",
        "object": "text_completion",
        "choices": [{"index": 0, "text": "4", "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2147483647, "completion_tokens": 9, "total_tokens": 4},
    },
)
ERROR = {"error": {"message": "no such model", "type": "x", "code": 404}}
ERRORS = (
    {"object": "error", "message": "no", "code": 500},
    {"type": "error", "error": "no"},
    {"choices": [{"index": -1, "text": "4", "error": {"message": "no"}, "finish_reason": "error"}]},
)
EVENTS = (
    "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in CHUNKS) + ": keep alive\n\nevent: x\nid: 3\ndata: [DONE]\n\n"
)


def _stream(path: Path) -> Any:
    """Decode a stream that arrives in pieces of any sizes."""
    data = path.read_bytes()
    cut = Random(len(data))
    decoder, assembly = EventDecoder(), Assembly(EndpointRequest("", {}, ("\n\n", "Q:"), ("END",), True, 8, 8))
    place = 0
    while place < len(data):
        size = cut.choice((1, 7, 100, 4096))
        for event in decoder.feed(data[place : place + size]):
            if assembly.add(event, 1.0):
                return assembly.completion()
        place += size
    for event in decoder.end():
        assembly.add(event, 2.0)
    completion = assembly.completion()
    completion.text.encode()
    return completion


def _chunks(path: Path) -> Any:
    """Ask for a body in chunks that arrives in pieces of any sizes: it is what arrives at once, or there is none."""
    data = path.read_bytes()
    cut = Random(len(data))
    pieces, place = [_HEAD], 0
    while place < len(data):
        size = cut.choice((1, 7, 100, 4096))
        pieces.append(data[place : place + size])
        place += size
    body = _body(pieces)
    assert body == _body([_HEAD + data])
    return body


def _body(pieces: Sequence[bytes]) -> bytes | None:
    url = read_url("http://127.0.0.1:9/")
    with PlayedServer(pieces).playing():
        of = Connections(url, {})
        try:
            with of.exchange(of.take(Allowance(20.0, 1 << 22)), url) as answer:
                return answer.body()
        except (HTTPException, OSError):
            return None


_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MODELS = {
    "object": "list",
    "data": [{"id": "m", "owned_by": "llamacpp", "aliases": ["n"], "meta": {"n_params": 7, "size": 9, "ftype": "Q4"}}],
}
PROPS = {"chat_template": "{{ messages }}", "build_info": "b1-abc"}


def _client() -> OpenAIClient:
    return OpenAIClient(where="system 's'", base_url="http://127.0.0.1:9/v1", key=None, timeout_s=5)


def _models(path: Path) -> Any:
    """Ask a server that answers everything in the same way what it serves."""
    with PlayedServer([page(path.read_bytes())]).playing():
        return [discover(_client(), wanted, "x") for wanted in (None, "n")]


def _wait(value: str) -> Any:
    """Read from each header how long a refusal asks to wait."""
    names = ("retry-after", "retry-after-ms", "date", "x-ratelimit-reset-tokens", "x-ratelimit-reset")
    return [asked_delay_s({name: value, "retry-after": "x"} | {name: value}, 1.8e9) for name in names]


def _refusal(path: Path) -> Any:
    data = path.read_bytes()
    code = (400, 401, 404, 429, 500, 503)[len(data) % 6]
    return _completed(page(data, status=f"{code} No"))


def _redirect(path: Path) -> Any:
    location = path.read_bytes()
    return _completed(b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n")


def _answer(path: Path) -> Any:
    return _completed(page(path.read_bytes(), "Content-Type: text/event-stream"))


def _completed(answer: bytes) -> Any:
    with PlayedServer([answer]).playing():
        return _client().complete(ASK)


ASK = EndpointRequest("completions", {"prompt": "x"}, (), ())


def _answer_of(number: int) -> bytes:
    chunk = {"id": f"cmpl-{number}", "choices": [{"index": 0, "text": str(number), "finish_reason": "stop"}]}
    body = chunked(b"data: " + json.dumps(chunk).encode() + b"\n\n", b"data: [DONE]\n\n")
    return _HEAD + body


def _left_over(path: Path) -> Any:
    """Ask over a connection on which something is left of the answer before: that is the answer to no other request."""
    client = _client()
    with PlayedServer([_answer_of(1)]).playing() as server:
        first = client.complete(ASK)
        server.pieces = [path.read_bytes()]
        second = client.complete(ASK)
    assert second.known_by != first.known_by
    return second


TARGETS = (
    Target("left-over", "text", given(_answer_of(1), _answer_of(1) + _answer_of(2), b"x"), _left_over, named=False),
    Target(
        "models",
        "json",
        given(json.dumps(MODELS), json.dumps(PROPS), json.dumps(MODELS | PROPS | {"version": "1"})),
        _models,
        named=False,
    ),
    of_text(
        "wait-asked-for",
        _wait,
        "7",
        "Sat, 28 Nov 2026 00:00:30 GMT",
        "6m0s",
        "7.66s",
        "1795824040000",
    ),
    Target("completion", "text", given(EVENTS), _answer, named=False),
    Target(
        "refusal",
        "json",
        given(json.dumps(ERROR), json.dumps({"error": "no"}), json.dumps({"detail": [{"loc": ["x"]}]})),
        _refusal,
        named=False,
    ),
    Target(
        "redirect",
        "text",
        given("http://other.example/v1?token=1", "/v2/models", "//h", "https://u:p@h/"),
        _redirect,
        named=False,
    ),
    Target(
        "stream",
        "text",
        given(EVENTS, EVENTS.replace("\n", "\r\n"), EVENTS.replace("event: x", "event: error")),
        _stream,
        errors=(StreamError, UserError),
        named=False,
        terse=False,
    ),
    Target(
        "chunked-body",
        "text",
        given(chunked(*[EVENTS.encode()] * 3), chunked(b"x", end=b"0;a\r\nX: 1\r\n\r\n")),
        _chunks,
    ),
    of_text(
        "chunk",
        read_chunk,
        *(json.dumps(chunk) for chunk in (*CHUNKS, ERROR, *ERRORS)),
        form="json",
        errors=(StreamError,),
        terse=False,
    ),
    of_text(
        "chat-text",
        lambda text: read_chat_text(text, "x"),
        json.dumps({"messages": [{"role": "user", "content": "x"}], "begun": False}),
        form="json",
    ),
)
