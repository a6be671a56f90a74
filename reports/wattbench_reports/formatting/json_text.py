"""Writes JSON with escapes for characters that are not printable, so that a terminal can show it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(document: Any) -> str:
    """Return a document as indented JSON that ends in a newline.

    Characters that steer a terminal, turn the direction of writing or are half of a surrogate pair are escaped, which
    is possible only within a text, and JSON has them nowhere else.

    Raises:
        ValueError: it has infinity or NaN, which JSON has not.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    if not text.replace("\n", "").isprintable():
        text = "".join(each if each == "\n" or each.isprintable() else json.dumps(each)[1:-1] for each in text)
    return f"{text}\n"


def plain_data(value: Any) -> Any:
    """Convert a value to plain JSON data: no tuples, no enumerations, and None for infinity and NaN."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_data(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return str(value) if isinstance(value, str) else value
