"""The grid of a system: lists of settings, each combination of which is a system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from wattbench.records.schema.base import Strict

SHORT_NAMES: Mapping[str, str] = {
    "effort": "request.reasoning_effort",
    "n_ctx": "serve.llamacpp.context",
    "max_tokens": "max_output_tokens",
}
"""What an axis may be called in place of the setting that it sets."""

SettingPath = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+)*$", max_length=200)]
"""The keys that lead to a setting, with dots between them: `request.top_p`."""


def text_of(value: Any) -> str | None:
    """Return a value as its label is written; None for a list or a mapping."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return None if isinstance(value, list | Mapping) else str(value)


def _values(given: Any) -> Any:
    if not isinstance(given, list | Mapping):
        raise ValueError("write a list of values, or a mapping of labels to values")
    if not given:
        raise ValueError("an axis needs one value or more")
    return {text_of(label): value for label, value in given.items()} if isinstance(given, Mapping) else given


class Axis(Strict):
    """What a grid varies."""

    set: SettingPath | None = None
    """The setting, as `request.top_p`. None: the one that the axis is named after; with labelled values, each value is
    a mapping of settings."""
    values: Annotated[list[Any] | dict[str, Any], BeforeValidator(_values)]
    """A list of values, or a mapping of labels to values."""


def _axis(given: Any) -> Any:
    if isinstance(given, Axis | Mapping):
        return given
    if not isinstance(given, list):
        raise ValueError("write a list of values, or a mapping with `values`")
    return {"values": given}


Grid = Annotated[
    dict[SettingPath, Annotated[Axis, BeforeValidator(_axis, json_schema_input_type=list[Any] | Axis)]],
    Field(min_length=1),
]
"""Axis to its values."""
