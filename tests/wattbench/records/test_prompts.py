"""A recorded prompt as text: chats of wattbench and of other tools, and whatever else a file may hold."""

from __future__ import annotations

import json

import pytest

from wattbench.records.prompts import prompt_as_text
from wattbench.systems.endpoint.request import chat_text

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it\nlate?"}]
AS_TEXT = "system: Be brief.\n\nuser: Is it\nlate?"


def test_a_chat_is_its_messages_with_their_roles() -> None:
    assert prompt_as_text(chat_text(MESSAGES, begun=False)) == AS_TEXT
    assert prompt_as_text(json.dumps(MESSAGES)) == AS_TEXT  # as lm-eval logs it


def test_parts_and_calls_are_named() -> None:
    parts = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "data:..."}}, "and say"]
    call = {"function": {"name": "search", "arguments": '{"for": "x"}'}}
    messages = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [call, "odd"]},
        {"role": "tool", "content": [7]},
    ]
    assert prompt_as_text(json.dumps(messages)) == (
        'user: Look:\n[image_url]\nand say\n\nassistant: [calls search with {"for": "x"}]\n\ntool: 7'
    )


@pytest.mark.parametrize(
    "text",
    [
        "", "Is it late?", "{", "[", "[]", "{}", "[1, 2]", '{"messages": []}', '{"messages": "x"}', '{"messages": [1]}',
        '[{"role": 1, "content": "x"}]', '[{"content": "x"}]', '[{"role": "user"}]', "[" * 100_000, '{"a": NaN}',
    ],
)  # fmt: skip
def test_what_is_no_chat_is_unchanged(text: str) -> None:
    assert prompt_as_text(text) == text
