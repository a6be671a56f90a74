from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattbench.errors import UserError
from wattbench.systems.endpoint.request import RequestWriter, chat_text, dialect_of, read_chat_text


def writer(*, chat: bool = False, host: str = "localhost", owner: str | None = None) -> RequestWriter:
    return RequestWriter("system 'far'", "tiny", chat, seed=7, max_output_tokens=99, dialect=dialect_of(host, owner))


def test_greedy_is_temperature_zero_and_the_prompt_goes_as_it_is() -> None:
    ask = writer().ask('{"messages": []}', {"until": ["\n"], "max_gen_toks": 5, "do_sample": False})
    assert ask.path == "completions"
    assert ask.body == {
        "prompt": '{"messages": []}',
        "model": "tiny",
        "max_tokens": 5,
        "temperature": 0.0,
        "seed": 7,
        "stop": ["\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"temperature": 0.0, "max_tokens": 99, "seed": 7}),
        ({"do_sample": True}, {"temperature": 1.0, "seed": 9}),
        ({"temperature": 0.3, "top_p": 0.9}, {"temperature": 0.3, "top_p": 0.9, "seed": 9}),
        ({"do_sample": False, "temperature": 0.3}, {"temperature": 0.0}),
        ({"max_new_tokens": 11}, {"max_tokens": 11}),
        ({"stream": False, "model": "other"}, {"stream": True, "model": "tiny"}),
    ],
)
def test_settings_become_the_protocols(settings: dict[str, Any], expected: dict[str, Any]) -> None:
    body = writer().ask("q", settings, sample=2).body
    assert {key: body[key] for key in expected} == expected


def test_no_stop_is_sent_where_the_task_has_none() -> None:
    assert "stop" not in writer().ask("q", {"until": [""]}).body


@pytest.mark.parametrize(
    ("host", "owner", "told", "withheld"),
    [("api.openai.com", None, 4, 2), ("gpu7", "someone", 4, 2), ("gpu7", "vllm", 6, 0), ("gpu7", "llamacpp", 6, 0)],
)
def test_stops_beyond_what_the_server_takes_are_kept_here(
    host: str, owner: str | None, told: int, withheld: int
) -> None:
    ask = writer(host=host, owner=owner).ask("q", {"until": list("abcdef")})
    assert (len(ask.body["stop"]), len(ask.withheld), len(ask.stops)) == (told, withheld, 6)


def test_openai_itself_wants_another_name_for_the_limit_of_a_chat() -> None:
    body = writer(chat=True, host="api.openai.com").ask(chat_text([], begun=False), {"max_gen_toks": 5}).body
    assert body["max_completion_tokens"] == 5
    assert "max_tokens" not in body


@given(st.lists(st.fixed_dictionaries({"role": st.text(), "content": st.text()})), st.booleans())
def test_a_chat_survives_its_journey_through_lm_eval(messages: list[dict[str, Any]], begun: bool) -> None:
    assert read_chat_text(chat_text(messages, begun=begun), "here") == (messages, begun)


@pytest.mark.parametrize("text", ["What is 3+4?", "[]", "7", '{"messages": []}', "[" * 100_000])
def test_a_prompt_that_is_no_chat_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UserError, match="the prompt is not a chat"):
        writer(chat=True).ask(text, {})


def test_an_answer_that_the_task_begins_is_continued_where_the_server_can() -> None:
    context = chat_text([{"role": "assistant", "content": "It is"}], begun=True)
    for owner in ("vllm", "llamacpp"):
        body = writer(chat=True, owner=owner).ask(context, {}).body
        assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    with pytest.raises(UserError, match="gen_prefix"):
        writer(chat=True, owner="someone").ask(context, {})


@pytest.mark.parametrize("settings", [{"max_gen_toks": "many"}, {"temperature": []}, "greedy"])
def test_settings_of_a_wrong_type_name_the_task(settings: Any) -> None:
    with pytest.raises(UserError, match="generation_kwargs"):
        writer().ask("q", settings)
