"""Find prompts and answers in the bodies of requests and responses of OpenAI's API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from wattbench.importers.files import mapping, text


def prompt_of(request: Any) -> str:
    """Return the prompt of a request's body: the text of its message, or several messages as JSON.

    A text that is no such body is the prompt itself.
    """
    body = _parsed(request)
    messages = body.get("messages")
    if isinstance(messages, list) and len(messages) == 1:
        return text(mapping(messages[0]).get("content"))
    return text(messages or body.get("prompt") or body.get("input") or request)


def answer_of(response: Any) -> str:
    """Return the text in a response's body, or in the events of its stream; another text unchanged."""
    body = _parsed(response)
    if body or not isinstance(response, str):
        return _text_of(body) or text(response)
    events = [line[5:].strip() for line in response.splitlines() if line.startswith("data:")]
    return "".join(_text_of(_parsed(event)) for event in events) if events else response


def _text_of(body: Mapping[str, Any]) -> str:
    choices = body.get("choices")
    first = mapping(choices[0]) if isinstance(choices, list) and choices else {}
    for holder in (first, mapping(first.get("message")), mapping(first.get("delta"))):
        for key in ("text", "content"):
            if isinstance(holder.get(key), str):
                return str(holder[key])
    return ""


def _parsed(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, str):
        return mapping(value)
    try:
        return mapping(json.loads(value))
    except (ValueError, RecursionError):
        return {}
