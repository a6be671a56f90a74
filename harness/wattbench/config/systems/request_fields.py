"""Check the fields that a suite adds to requests of an endpoint: JSON values, and none that wattbench sets itself."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn

from pydantic import BeforeValidator, ValidationError

from wattbench.config.yamlfile import MAX_BYTES
from wattbench.redaction import hide

EXTRA_BODY = "extra_body"
"""A field whose own fields are sent as fields of the body, as OpenAI's client sends them."""

MOST_LEVELS = 64
"""Lists and mappings within each other: as many as .NET's System.Text.Json reads by default. RFC 8259, section 9, lets
a reader of JSON set a limit."""

_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
"""Whole numbers of 64 bits: servers in C++, Go or Rust hold no others."""

_LIMIT = "write max_output_tokens: of the system instead: the record says at which limit an answer was cut"
_STREAMED = "remove it: every answer is streamed, so that each token has a time stamp"
_ONE = "remove it: each request is answered once. measure.repeats asks an item more often"
_BEGUN = "remove it: the task says whether an answer is begun"
SET_HERE: Mapping[str, str] = {
    "model": "write model: of the system instead",
    "messages": "remove it: the task is what is asked. prompt: of the system sets its form",
    "prompt": "remove it: the task is what is asked. prompt: of the system sets its form",
    "stream": _STREAMED,
    "stream_options": _STREAMED,
    "max_tokens": _LIMIT,
    "max_completion_tokens": _LIMIT,
    "stop": "set it in the task (until: of its generation_kwargs), so that all systems stop at the same texts",
    "seed": "write measure.seed instead: it is that of all systems, and goes up with each repeat of a sampled item",
    "n": _ONE,
    "best_of": _ONE,
    "echo": "remove it: the prompt would count as a part of the answer",
    "add_generation_prompt": _BEGUN,
    "continue_final_message": _BEGUN,
}
"""Field that wattbench sets itself to what to write instead."""


def refuse(at: tuple[str | int, ...], why: str) -> NoReturn:
    """Refuse a setting below the one that is being checked.

    Args:
        at: the keys that lead to it from there.
        why: what is wrong, and what to do.

    Raises:
        ValidationError: always, with these keys, so that a message names their line.
    """
    error = {"type": "value_error", "loc": at, "input": None, "ctx": {"error": ValueError(why)}}
    raise ValidationError.from_exception_data("request", [error])  # type: ignore[list-item]


def _checked(given: Any) -> Any:
    """Return the fields as they are sent, those of `extra_body` among them.

    Raises:
        ValidationError: one is no JSON value, or one that wattbench sets; it names the first of them.
    """
    if not isinstance(given, Mapping):
        return given  # pydantic refuses it
    _check_value(given, (), [0])
    extra = given.get(EXTRA_BODY, {})
    if not isinstance(extra, Mapping):
        refuse((EXTRA_BODY,), "must be a mapping of fields, which are sent as fields of the body")
    fields = {name: value for name, value in given.items() if name != EXTRA_BODY}
    for at, names in (((), fields), ((EXTRA_BODY,), extra)):
        for name in names:
            if name in SET_HERE:
                refuse((*at, name), f"wattbench sets this field itself: {SET_HERE[name]}")
    for name in extra:
        if name in fields:
            refuse((EXTRA_BODY, name), "this field is in request, too: write it once")
    return {**fields, **extra}


def _check_value(value: Any, at: tuple[str | int, ...], size: list[int]) -> None:
    """Check that a value is one of JSON.

    Args:
        value: as YAML or JSON was read.
        at: the keys that lead to it.
        size: of the values before it, in characters; its own is added.
    """
    size[0] += len(value) if isinstance(value, str) else 1
    if size[0] > MAX_BYTES:
        refuse(at[:1], f"it is longer than {MAX_BYTES:,} characters once aliases are written out; shorten it")
    if len(at) > MOST_LEVELS:
        refuse(at[:1], f"it has more than {MOST_LEVELS} levels; write it with fewer")
    if isinstance(value, Mapping):
        for key, each in value.items():
            _check_name(key, at)
            size[0] += len(key)
            _check_value(each, (*at, key), size)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            _check_value(each, (*at, index), size)
    elif (why := _why_no_json(value)) is not None:
        refuse(at, why)


def _why_no_json(value: Any) -> str | None:
    """Return why JSON has no such text, number or other single value, and what to write; None where it has."""
    if isinstance(value, datetime.date):
        return "YAML reads this as a date, and JSON has none: put it in quotation marks"
    if isinstance(value, float) and not math.isfinite(value):
        return "JSON has no number that is not finite: write a number, or null"
    if isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
        return "a whole number of more than 64 bits, which servers cannot read: put it in quotation marks"
    if not isinstance(value, str | int | float | None):
        return f"JSON has no value of the type {type(value).__name__}: write a text, a number, a list or a mapping"
    return None


def _check_name(name: Any, at: tuple[str | int, ...]) -> None:
    if not isinstance(name, str):
        shown = "a date" if isinstance(name, datetime.date) else repr(name)[:40]
        refuse(at, f"YAML reads the name of a field in it as {shown}, and not as text: put it in quotation marks")
    if hide(name) != name:
        refuse(at, "the name of a field in it looks like a secret, and names are on record: write it as a value")


RequestFields = Annotated[dict[str, Any], BeforeValidator(_checked)]
"""Fields of the body of a request, as they are sent."""
