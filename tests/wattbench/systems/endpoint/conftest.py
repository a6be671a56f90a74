"""A small real HTTP server that plays what a test wrote for it, faults included."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from datasets import Dataset
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

from tests.made_up.http_server import LocalServer
from wattbench.config import EndpointSystem
from wattbench.systems.endpoint.engine import EndpointEngine


@dataclass
class Script:
    """One answer: its pieces in order, where a number is a pause in seconds, and a function is waited for."""

    pieces: Sequence[bytes | float | Callable[[], object]] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"
    breaks_off: bool = False
    """Close the connection without ending the answer."""


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def chat(content: str | None, finish: str | None = None, **delta: Any) -> bytes:
    return event({"choices": [{"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}]})


def text(content: str, finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "text": content, "finish_reason": finish}]})


def usage(prompt: int, output: int, cached: int | None = None) -> bytes:
    counts: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output}
    if cached is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": cached}
    return event({"choices": [], "usage": counts})


DONE = event(b"[DONE]")


def pause(until: float | Callable[[], object]) -> None:
    if callable(until):
        until()
    else:
        time.sleep(until)


class ScriptedServer:
    """Answers GET from `pages` and POST from `script`, and notes what it was sent."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {"/v1/models": {"data": [{"id": "tiny", "owned_by": "someone"}]}}
        self.script: Script | Callable[[dict[str, Any]], Script] = Script([text("4", "stop"), usage(3, 1), DONE])
        self.names = False
        """Whether each streamed answer has an id of its own."""
        self.numbers = itertools.count()
        self.key: str | None = None
        """Without it GET is refused; None: it is not needed."""
        self.got: list[tuple[str, str | None]] = []
        """Path and authorization of each GET."""
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.got.append((self.path, self.headers.get("Authorization")))
                page = server.pages.get(self.path)
                page = page() if callable(page) else page
                refused = server.key is not None and self.headers.get("Authorization") != f"Bearer {server.key}"
                body = page if isinstance(page, bytes) else json.dumps(page).encode()
                self.send_response(401 if refused else 404 if page is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.posts.append((self.path, body))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.connections.add(self.client_address)
                script = server.script if isinstance(server.script, Script) else server.script(body)
                with contextlib.suppress(OSError):
                    self.play(script)

            def play(self, script: Script) -> None:
                self.send_response(script.status)
                self.send_header("Content-Type", script.content_type)
                self.send_header("Transfer-Encoding", "chunked")
                for name, value in script.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if server.names and script.status == 200:
                    named = event({"id": f"cmpl-{next(server.numbers)}", "choices": []})
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(named), named))
                for piece in script.pieces:
                    if isinstance(piece, bytes):
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    else:
                        pause(piece)
                if script.breaks_off:
                    self.close_connection = True
                else:
                    self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_: Any) -> None:
                pass

        self._http = LocalServer(Handler)
        self.base_url = self._http.base_url

    def close(self) -> None:
        self._http.close()


@dataclass(frozen=True)
class Wire:
    """What the tests write answers with."""

    script = Script
    event = staticmethod(event)
    chat = staticmethod(chat)
    text = staticmethod(text)
    usage = staticmethod(usage)
    done = DONE


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
    yield server
    server.close()


def generation(context: str, idx: int = 0, **settings: Any) -> Instance:
    defaults = {"until": ["\n"], "max_gen_toks": 8, "do_sample": False}
    return Instance("generate_until", {}, (context, {**defaults, **settings}), idx)


@pytest.fixture
def ask() -> Callable[..., Instance]:
    """An lm-eval request to generate, with settings that a test may override."""
    return generation


@pytest.fixture
def opened(scripted: ScriptedServer) -> Iterator[Callable[..., EndpointEngine]]:
    """Open an engine on the scripted server, with whatever configuration a test adds."""
    engines: list[EndpointEngine] = []

    def build(batch: int = 1, **config: Any) -> EndpointEngine:
        fields = {"kind": "generalist", "engine": "endpoint", "base_url": scripted.base_url, **config}
        system = EndpointSystem.model_validate(fields)
        engines.append(EndpointEngine.open("far", system, batch=batch, seed=7))
        return engines[-1]

    yield build
    for engine in engines:
        engine.close()


@pytest.fixture
def sums() -> ConfigurableTask:
    """A tiny task of lm-eval's: three sums, of which the second has a wrong answer."""
    docs = [{"q": "3+4", "a": "7"}, {"q": "1+1", "a": "3"}, {"q": "2+2", "a": "4"}]
    return ConfigurableTask(
        config={
            "task": "sums",
            "custom_dataset": lambda **_: {"test": Dataset.from_list(docs)},
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "What is {{q}}?",
            "doc_to_target": "{{a}}",
            "generation_kwargs": {"until": ["\n"], "max_gen_toks": 12, "do_sample": False},
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        }
    )
