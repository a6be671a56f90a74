"""A model of this process behind OpenAI's protocol, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from lm_eval.api.instance import Instance

from tests.made_up.engines import MadeUpEngine
from wattbench.errors import UserError
from wattbench.systems.agent.model_server import ModelServer
from wattbench.systems.base import Reply

pytestmark = pytest.mark.slow


class _Template:
    def apply_chat_template(self, turns: list[dict[str, str]]) -> str:
        if turns[0]["role"] == "assistant":
            raise ValueError("roles must alternate")
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns)


class Echo(MadeUpEngine):
    """Answers with the prompt and its settings; one request at a time, or it says so."""

    def __init__(self) -> None:
        self.lm: Any = _Template()
        self.busy = threading.Lock()
        self.replies: Any = lambda prompt, settings: Reply(
            f"{prompt} {json.dumps(settings, sort_keys=True)}", prompt_tokens=3, output_tokens=2, finish_reason="length"
        )

    def answer(self, request_type: str, requests: Sequence[Instance]) -> list[Reply]:
        if not self.busy.acquire(blocking=False):
            return [Reply("two at once")]
        try:
            return [self.replies(*request.args) for request in requests]
        finally:
            self.busy.release()


@pytest.fixture
def engine() -> Echo:
    return Echo()


@pytest.fixture(params=[True, False])
def server(engine: Echo, request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    with ModelServer(engine, model="echo", chat=request.param) as server:
        yield server


def post(server: ModelServer, path: str, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(server.base_url + path, content=content, trust_env=False)


TURNS = [{"role": "system", "content": "be short"}, {"role": "user", "content": [{"type": "text", "text": "2 + 2"}]}]
GREEDY = '{"do_sample": false, "until": []}'


def test_chat_by_the_models_template_or_as_plain_text(server: ModelServer, request: pytest.FixtureRequest) -> None:
    answer = post(server, "/chat/completions", {"messages": TURNS, "model": "echo"}).json()
    templated = "<system>be short<user>2 + 2" in answer["choices"][0]["message"]["content"]
    plain = "be short\n\n2 + 2" in answer["choices"][0]["message"]["content"]
    assert templated != plain
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert (answer["model"], answer["object"]) == ("echo", "chat.completion")


def test_completions_with_settings_as_the_engine_has_them(server: ModelServer) -> None:
    body = {"prompt": "2 + 2", "max_tokens": 7, "stop": "\n", "temperature": 0.5}
    text = post(server, "/completions", body).json()["choices"][0]["text"]
    assert text == '2 + 2 {"do_sample": true, "max_gen_toks": 7, "temperature": 0.5, "until": ["\\n"]}'
    assert post(server, "/completions", {"prompt": "2"}).json()["choices"][0]["text"] == f"2 {GREEDY}"


def test_a_stream_has_the_answer_and_the_usage_where_it_is_wanted(server: ModelServer) -> None:
    body: dict[str, Any] = {"prompt": "2", "stream": True}
    lines = post(server, "/completions", body).text.split("\n\n")
    assert json.loads(lines[0].removeprefix("data: "))["choices"][0]["text"] == f"2 {GREEDY}"
    assert lines[1:] == ["data: [DONE]", ""]
    lines = post(server, "/completions", {**body, "stream_options": {"include_usage": True}}).text.split("\n\n")
    assert json.loads(lines[1].removeprefix("data: "))["usage"]["completion_tokens"] == 2


def test_its_list_of_models(server: ModelServer) -> None:
    assert httpx.get(server.base_url + "/models", trust_env=False).json()["data"][0]["id"] == "echo"
    assert httpx.get(server.base_url + "/other", trust_env=False).status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body is no JSON"),
        (b"[" * 100_000, "the body is no JSON"),
        ([], "the body is no JSON object"),
        ({}, "messages: there are none"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "has a role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "content that is no text"),
        ({"messages": TURNS, "tools": [{}]}, "tools: a model in wattbench's own process knows none"),
        ({"messages": TURNS, "n": 2}, "n: one answer"),
        ({"messages": TURNS, "temperature": "hot"}, "temperature: "),
        ({"messages": TURNS, "max_tokens": 0}, "max_tokens: "),
        ({"messages": TURNS, "stop": 3}, "stop: "),
    ],
)
def test_what_it_cannot_answer_is_refused(server: ModelServer, body: Any, said: str) -> None:
    answer = post(server, "/chat/completions", body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_other_paths_and_turns_that_the_template_refuses(engine: Echo) -> None:
    with ModelServer(engine, model="echo", chat=True) as server:
        assert post(server, "/embeddings", {}).status_code == 404
        answer = post(server, "/chat/completions", {"messages": [{"role": "assistant", "content": "x"}]})
        assert "roles must alternate" in answer.json()["error"]["message"]


def test_a_failure_of_the_engine_is_an_error_of_the_server(engine: Echo) -> None:
    def fail(*_: Any) -> Reply:
        raise UserError("out of memory")

    with ModelServer(engine, model="echo", chat=True) as server:
        engine.replies = fail
        assert post(server, "/completions", {"prompt": "2"}).status_code == 500
        engine.replies = lambda *_: Reply("", failure="too long")
        assert post(server, "/completions", {"prompt": "2"}).json()["error"]["message"] == "too long"
        engine.replies = lambda *_: Reply("2")
        assert "usage" not in post(server, "/completions", {"prompt": "2"}).json()


def test_one_request_at_a_time_is_in_the_model(engine: Echo) -> None:
    with ModelServer(engine, model="echo", chat=True) as server:
        answers: list[str] = []

        def ask() -> None:
            given = [post(server, "/completions", {"prompt": "2"}).json() for _ in range(5)]
            answers.extend(answer["choices"][0]["text"] for answer in given)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [f"2 {GREEDY}"] * 20
