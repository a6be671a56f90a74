"""Log-probabilities of servers: asked for, read in every form, and by them cascades judge answers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.api.instance import Instance

from wattbench.config import EndpointSystem, HybridSystem, PythonSystem
from wattbench.errors import UserError
from wattbench.systems import open_engine
from wattbench.systems.endpoint.completion_stream import read_chunk, read_logprobs


def as_chat(*values: Any) -> dict[str, Any]:
    return {"content": [{"token": "a", "logprob": value, "bytes": [97], "top_logprobs": []} for value in values]}


def as_completion(*values: Any) -> dict[str, Any]:
    """As vLLM and OpenAI send it: parallel lists."""
    return {
        "tokens": ["a"] * len(values),
        "token_logprobs": [*values],
        "top_logprobs": [{"a": value} for value in values],
        "text_offset": [*range(len(values))],
    }


def chunk(text: str, logprobs: Any, finish: str | None = None, *, chat: bool = False) -> dict[str, Any]:
    piece = {"delta": {"content": text}} if chat else {"text": text}
    return {"choices": [{"index": 0, **piece, "logprobs": logprobs, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("logprobs", "values"),
    [
        (as_chat(-0.1, -0.2), [-0.1, -0.2]),
        (as_completion(-0.1, -0.2, -0.3), [-0.1, -0.2, -0.3]),
        (None, []),
        ({}, []),
        ({"content": None, "refusal": None}, []),
        ({"content": []}, []),
        ([], [None]),
        ("-0.1", [None]),
        ({"content": "abc"}, [None]),
        ({"content": [None, {"token": "a"}]}, [None, None]),
        ({"token_logprobs": {"a": 1}}, [None]),
    ],
)
def test_both_forms_are_read_and_others_are_unknown(logprobs: Any, values: list[Any]) -> None:
    assert [*read_logprobs({"index": 0, "logprobs": logprobs})] == values
    other = {"index": 1, "logprobs": as_chat(-9.0)}
    read = read_chunk(json.dumps({"choices": [other, {"index": 0, "logprobs": logprobs}]}))
    assert [*read.logprobs] == values
    assert [*read_chunk(json.dumps({"choices": [other]})).logprobs] == []
    assert [*read_chunk(json.dumps({"choices": []})).logprobs] == []


FORMS = [
    pytest.param(False, as_completion, "vllm", id="completions of vLLM"),
    pytest.param(False, as_chat, "llamacpp", id="completions of llama.cpp"),
    pytest.param(True, as_chat, "openai", id="chats"),
]


@pytest.fixture
def play(scripted: Any, wire: Any) -> Callable[..., None]:
    """Let the server answer with chunks, and count tokens."""

    def answer_with(*chunks: dict[str, Any], tokens: int, status: int = 200) -> None:
        scripted.script = wire.script([*map(wire.event, chunks), wire.usage(5, tokens), wire.done], status=status)

    return answer_with


@pytest.mark.parametrize(("chat", "form", "owner"), FORMS)
def test_a_server_is_asked_for_them_and_the_mean_is_the_confidence(
    scripted: Any, opened: Any, ask: Any, play: Any, chat: bool, form: Any, owner: str
) -> None:
    scripted.pages["/v1/models"]["data"][0]["owned_by"] = owner
    play(
        chunk("4", form(-0.1), chat=chat),
        chunk("2!", form(-0.2, -0.6), chat=chat),  # two tokens in a chunk
        chunk("", None, "stop", chat=chat),
        tokens=3,
    )
    engine = opened(prompt={"chat": chat})
    request = ask(engine.lm.apply_chat_template([{"role": "user", "content": "?"}]) if chat else "?")
    [reply] = engine.answer("generate_until", [request])
    assert "logprobs" not in scripted.posts[-1][1]
    engine.report_confidence()
    [reply] = engine.answer("generate_until", [request])
    assert reply.value == "42!"
    assert reply.confidence == pytest.approx(-0.3)
    path, body = scripted.posts[-1]
    assert path == ("/v1/chat/completions" if chat else "/v1/completions")
    assert body["logprobs"] == (True if chat else 1)
    assert body.get("top_logprobs") == (1 if chat else None)


def test_a_server_that_gives_none_is_named_before_anything_is_measured(
    scripted: Any, opened: Any, play: Any, wire: Any
) -> None:
    play(chunk("4", None, "stop"), tokens=1)
    with pytest.raises(
        UserError, match=r"system 'far': .*log-probabilities \(logprobs\).*answered '4' without them\. Put"
    ):
        opened().report_confidence()
    scripted.script = wire.script([b'{"error": {"message": "logprobs are not allowed"}}'], status=400)
    with pytest.raises(
        UserError, match=r"system 'far': .*does not give: .*HTTP 400: logprobs are not allowed\. Put it la"
    ):
        opened().report_confidence()
    play(chunk("", None, "stop"), tokens=0)  # it said nothing, so there was nothing to state
    opened().report_confidence()


@pytest.mark.parametrize(
    "hostile",
    [
        None, "abc", [], as_chat(math.nan), as_chat("-0.1"), as_chat(None), as_chat(0.5), as_chat(math.inf),
        as_chat(*[-0.1] * 5000), as_completion(*[-0.1] * 50), as_completion(None), as_completion([[]]),
        {"content": {"token": 1}}, {"content": [[[[]]]]}, as_chat(-0.1, 10**400),
    ],
)  # fmt: skip
def test_a_hostile_answer_has_no_confidence_and_is_an_answer_all_the_same(
    opened: Any, ask: Any, play: Any, hostile: Any
) -> None:
    engine = opened()
    play(chunk("4", as_chat(-0.1), "stop"), tokens=1)
    engine.report_confidence()
    play(chunk("4", hostile), chunk("2", hostile, "stop"), tokens=2)
    [reply] = engine.answer("generate_until", [ask("?")])
    assert (reply.value, reply.confidence, reply.failure) == ("42", None, None)


@pytest.mark.parametrize(
    ("first", "asked"), [(-0.05, ["served"]), (-0.5, ["served", "rules"]), (math.nan, ["served", "rules"])]
)
def test_a_cascade_over_a_server_hands_over_below_the_threshold(
    scripted: Any, play: Any, tmp_path: Path, first: float, asked: list[str]
) -> None:
    (tmp_path / "rules.py").write_text("def answer(prompt): return 'by rule'\n")
    pool = {
        "served": EndpointSystem(kind="generalist", engine="endpoint", base_url=scripted.base_url),
        "rules": PythonSystem(kind="specialist", engine="python", call=f"{tmp_path}/rules.py:answer"),
    }
    cascade = {"type": "cascade", "order": ["a", "b"], "min_probability": 0.9}
    config = HybridSystem(
        kind="hybrid", engine="hybrid", members={"a": "served", "b": "rules"}, router=cascade, pool=pool
    )
    play(chunk("4", as_chat(-0.01), "stop"), tokens=1)  # to the trial
    with open_engine("h", config, batch=1, seed=0) as engine:
        play(chunk("4", as_chat(first), "stop"), tokens=1)
        [reply] = engine.answer("generate_until", [Instance("generate_until", {}, ("?", {"until": []}), 0)])
    assert reply.value == ("4" if asked == ["served"] else "by rule")
    assert [*reply.route.systems] == [each.system for each in reply.route.usage] == asked
    assert reply.route.score == (None if math.isnan(first) else first)
    assert (reply.route.usage[0].prompt_tokens, reply.route.usage[0].output_tokens) == (5, 1)
    assert (reply.route.router_s > 0) == (len(asked) > 1)
