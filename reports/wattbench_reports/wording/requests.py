"""Word the fields that a suite adds to requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattbench.records.fingerprint_parts import fields_in_words

TITLE = "Fields added to requests"
_LONGEST = 2_000
"""Characters of a value on a page; JSON has all of it."""
_LONGEST_IN_LINE = 80
"""The same in a line of text."""


def fields(requests: Mapping[str, Mapping[str, Any]], longest: int = _LONGEST) -> dict[str, dict[str, str]]:
    """Return each system's fields by name in words, those within each other by dotted names.

    Args:
        requests: system to its fields.
        longest: characters of a value; a longer one is cut.
    """
    return {
        name: {field: _cut(value, longest) for field, value in fields_in_words(of_system).items()}
        for name, of_system in requests.items()
    }


def lines(requests: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a line for each system with its fields."""
    return [
        f"{name}: {', '.join(f'{field} {value}' for field, value in of_system.items())}"
        for name, of_system in fields(requests, _LONGEST_IN_LINE).items()
    ]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
