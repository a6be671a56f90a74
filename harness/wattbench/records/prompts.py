"""Write a recorded prompt as text to read: the messages of a chat one after the other, each with its role.

What a chat was sent as is recorded as JSON: by wattbench an object with ``messages``, and of other tools a list of
them. Any other prompt is the text itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def prompt_as_text(prompt: str) -> str:
    """Return a prompt as text: ``user: Is it late?``, a message after the other; a prompt that is no chat unchanged."""
    if not prompt.lstrip().startswith(("{", "[")):  # nearly always
        return prompt
    try:
        given = json.loads(prompt)
    except (ValueError, RecursionError):
        return prompt
    messages = given.get("messages") if isinstance(given, dict) else given
    if not isinstance(messages, list) or not messages or not all(map(_is_message, messages)):
        return prompt
    return "\n\n".join(f"{each['role']}: {_content(each)}" for each in messages)


def _is_message(given: Any) -> bool:
    return isinstance(given, dict) and isinstance(given.get("role"), str) and ("content" in given or "parts" in given)


def _content(message: dict[str, Any]) -> str:
    """Return the text of a message; what is no text, such as a picture or the call of a tool, by its kind."""
    content = message.get("content", message.get("parts"))
    parts = content if isinstance(content, list) else [content]
    return "\n".join(filter(None, [*map(_part, parts), *_calls(message.get("tool_calls"))]))


def _part(part: Any) -> str:
    if part is None or isinstance(part, str):
        return part or ""
    if isinstance(part, dict):
        text = part.get("text", part.get("content"))
        return text if isinstance(text, str) else f"[{part.get('type') or 'no text'}]"
    return json.dumps(part, ensure_ascii=False)


def _calls(calls: Any) -> Iterator[str]:
    """Yield the calls of tools that a message has."""
    for each in calls if isinstance(calls, list) else ():
        function = each.get("function") if isinstance(each, dict) else None
        if isinstance(function, dict):
            yield f"[calls {function.get('name')} with {function.get('arguments')}]"
