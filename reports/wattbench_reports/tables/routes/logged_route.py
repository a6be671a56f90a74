"""Hold one request of a routing log."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BY_CLIENT = "whose client named the model"
"""A reason for no choice: see `NoRoute`."""
_MOST_MESSAGES = 1_000
"""More than these are not a request of a benchmark."""


@dataclass(frozen=True)
class LoggedRoute:
    """A request that a router sent to a model."""

    router: str
    """By the name that clients ask for."""
    models: tuple[str, ...]
    """Names by which the model may be known in a run, the surest first."""
    ids: tuple[str, ...]
    """By which the request may be known in a run."""
    texts: tuple[str, ...]
    """Its prompt, in the forms in which a run may have recorded it."""
    hashes: tuple[str, ...] = ()
    """Of its messages: see `AnswerRow.messages_hash`."""
    router_s: float = math.nan
    """What choosing took."""
    router_usd: float = math.nan
    """What choosing cost, in US dollars."""
    entry: str = ""
    """By which the log itself knows the request, where it may have several entries of one; else empty."""


@dataclass(frozen=True)
class NoRoute:
    """An entry of a log that is no choice of a router."""

    reason: str
    """What it is, after the word request: "that failed"; empty for an entry that is not of a request at all."""


def amount(value: Any) -> float:
    """Return a number of 0 or more of a log; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if 0 <= number < math.inf else math.nan


def parsed(value: Any) -> Any:
    """Parse a text that holds JSON; return any other value unchanged. Logs nest JSON in texts."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def texts_of(request: Any) -> tuple[str, ...]:
    """Return the forms in which a run may have recorded a request.

    Args:
        request: a prompt, a list of messages, or the body of a request with either; as JSON text, or parsed.

    Returns:
        The last message of the user, and all messages together; for a prompt the prompt. Empty where there is none.
    """
    request = parsed(request)
    if isinstance(request, Mapping):
        inner = next((request[name] for name in ("messages", "prompt", "input") if request.get(name)), None)
        return texts_of(parsed(inner)) if not isinstance(inner, Mapping) else ()
    if isinstance(request, str):
        return (request,) if request.strip() else ()
    if not isinstance(request, list):
        return ()
    messages = list(_messages(request))
    of_user = [text for role, text in messages if role == "user" and text.strip()]
    every = "\n".join(text for _, text in messages)
    return tuple(dict.fromkeys(text for text in (*of_user[-1:], every) if text.strip()))


def hashes_of(request: Any) -> tuple[str, ...]:
    """Return the hash of a request's messages, as `AnswerRow.messages_hash` has it; empty where there are none."""
    request = parsed(request)
    if isinstance(request, Mapping):
        return hashes_of(parsed(request["messages"])) if isinstance(request.get("messages"), list | str) else ()
    messages = list(_messages(request)) if isinstance(request, list) else []
    if not messages:
        return ()
    written = json.dumps(
        [{"role": role, "content": text} for role, text in messages], sort_keys=True, ensure_ascii=False
    )
    return (hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest(),)


def _messages(request: list[Any]) -> Iterator[tuple[str, str]]:
    for message in request[:_MOST_MESSAGES]:
        if isinstance(message, str):
            yield "user", message
        elif isinstance(message, Mapping) and isinstance(role := message.get("role", "user"), str):
            yield role, _content(message.get("content"))


def _content(content: Any) -> str:
    """Return the text of a message, which may be in parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        part if isinstance(part, str) else part["text"]
        for part in parts
        if isinstance(part, str) or (isinstance(part, Mapping) and isinstance(part.get("text"), str))
    )
