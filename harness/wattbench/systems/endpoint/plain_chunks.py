"""Read the chunks of a stream that have nothing but a piece of the answer, as most are, in few steps."""

from __future__ import annotations

import json
from typing import Any

_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # what `raw_decode` calls

_MARK = "a piece of an answer"
"""A text without a character that JSON escapes."""


def parsed(data: str) -> Any:
    """Parse JSON. `json.loads` looks for blanks around it, which takes as long again where there are none.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is too deeply nested.
    """
    try:
        value, end = _scan(data, 0)
    except (ValueError, StopIteration):
        return json.loads(data)
    return value if end == len(data) else json.loads(data)


def is_error(chunk: dict[str, Any]) -> bool:
    """Return whether a chunk says that it is an error."""
    return bool(chunk.get("error")) or "error" in (chunk.get("object"), chunk.get("type"))


def text_alone(chunk: dict[str, Any]) -> str | None:
    """Return the text of a chunk that has nothing but a piece of an answer; None of one that is to be read field by
    field."""
    choices = chunk.get("choices")
    if type(choices) is not list or len(choices) != 1 or type(choices[0]) is not dict:
        return None
    if chunk.get("usage") is not None or is_error(chunk) or "x_groq" in chunk:
        return None
    choice = choices[0]
    if choice.get("error"):
        return None
    if choice.get("index", 0) != 0 or choice.get("finish_reason") is not None or choice.get("logprobs") is not None:
        return None
    if "delta" not in choice:
        text = choice.get("text")
        return text if type(text) is str else None
    delta = choice["delta"]
    if type(delta) is not dict or delta.get("reasoning_content") is not None or delta.get("reasoning") is not None:
        return None
    text = delta.get("content")
    return text if type(text) is str else None


class RepeatedChunks:
    """Reads chunks that differ from an earlier one in their text alone, which is not parsed again.

    What is before the text and after it was parsed once, around a text of ours. JSON around a string does not depend on
    the string, as long as that has no quote, no escape and no control character.
    """

    def __init__(self) -> None:
        self._before = self._after = ""
        self._repeats = True
        """Whether a chunk was repeated since it was learnt from, or none was learnt from yet."""

    def text_of(self, data: str) -> str | None:
        """Return the text of a chunk that repeats an earlier one; None of any other."""
        before, after = self._before, self._after
        if not before or not data.startswith(before) or not data.endswith(after):
            return None
        text = data[len(before) : len(data) - len(after)]
        if len(data) < len(before) + len(after) or not _is_plain(text):
            return None
        self._repeats = True
        return text

    def note(self, data: str, text: str) -> None:
        """Learn from a chunk which the next ones may repeat.

        Of a server that numbers or dates its chunks none repeats another: no more is learnt from those.

        Args:
            data: a chunk that has nothing but a text.
            text: that text.
        """
        if not self._repeats or not text or text == _MARK or not _is_plain(text):
            return
        self._repeats = False
        before, _, after = data.partition(f'"{text}"')
        before, after = before + '"', '"' + after
        try:
            matches = text_alone(parsed(before + _MARK + after)) == _MARK
        except (ValueError, AttributeError):  # that was another text, or there was none in this spelling
            matches = False
        self._before, self._after = (before, after) if matches else ("", "")


def _is_plain(text: str) -> bool:
    """Return whether JSON has the text as it is."""
    return '"' not in text and "\\" not in text and text.isprintable()
