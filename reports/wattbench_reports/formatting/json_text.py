"""Writes JSON with escapes for characters that are not printable, so that a terminal can show it."""

from __future__ import annotations

import json
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
