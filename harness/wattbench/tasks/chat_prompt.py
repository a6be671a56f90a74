"""Keep what a prompt said before a model's chat template was applied to it.

Two models have two templates, and so two texts of one question. Whether they were asked the same question, with the
same few-shot examples, only the messages show.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lm_eval.utils import hash_string

if TYPE_CHECKING:
    from lm_eval.api.model import LM


class ChatPrompt(str):
    """A prompt in a chat template, which knows the hash of its messages."""

    messages_hash: str


def apply_template(lm: LM, messages: Sequence[dict[str, Any]], *, add_generation_prompt: bool) -> ChatPrompt:
    """Apply a model's chat template, and keep the hash of the messages with the text."""
    prompt = ChatPrompt(lm.apply_chat_template(list(messages), add_generation_prompt=add_generation_prompt))
    prompt.messages_hash = hash_string(json.dumps(messages, sort_keys=True, ensure_ascii=False))
    return prompt


def messages_hash(prompt: object) -> str:
    """Return the hash of the messages behind a prompt; empty if it was made without a chat template."""
    return prompt.messages_hash if isinstance(prompt, ChatPrompt) else ""
