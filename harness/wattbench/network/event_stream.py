"""Decode server-sent events, by which servers stream their answers.

Source: the WHATWG HTML standard, section 9.2.6, "Interpreting an event stream".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from wattbench.network.connection import StreamError

MAX_LINE_BYTES = 1 << 20
"""A chunk of a completion takes about 300 bytes; a line this long is a mistake or an attack."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class RefusedAnswerError(StreamError):
    """A server gives no answer to this request, or none that can be used. It may answer others."""


class EventDecoder:
    """A decoder from bytes to the data of each complete event, however the bytes are cut."""

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._max = max_line_bytes
        self._line = bytearray()
        self._data: list[str] = []
        self._is_error = False
        self._data_bytes = 0
        self._after_cr = False
        self._first_line = True

    def feed(self, piece: bytes) -> Iterator[str]:
        """Decode the next bytes.

        Yields:
            the data of each event that they finish; several `data` lines are joined by a newline.

        Raises:
            RefusedAnswerError: an event says that it is an error.
            StreamError: a line, or the data of one event, is longer than `max_line_bytes`.
        """
        if not piece:
            return
        if self._after_cr:
            # The carriage return at the end of the last piece has ended its line already.
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        # Each token comes in a piece of its own, as a line and a blank one: no regular expression where none is needed.
        *lines, rest = _LINE_END.split(piece) if b"\r" in piece else piece.split(b"\n")
        for line in lines:
            data = self._end_line(line)
            if data is not None:
                yield data
        if rest:
            self._grow(rest)
        self._after_cr = piece.endswith(b"\r")

    def end(self) -> Iterator[str]:
        """End the stream. An event without its blank line still counts, an incomplete line does not."""
        if self._data or self._is_error:
            yield self._take()

    def _grow(self, rest: bytes) -> None:
        self._line += rest
        if len(self._line) > self._max:
            raise StreamError(f"it sent a line of more than {self._max} bytes")

    def _end_line(self, rest: bytes) -> str | None:
        """End a line, and return the data of the event that it ends."""
        line = rest
        if self._line or len(rest) > self._max:
            self._grow(rest)
            line = bytes(self._line)
            self._line.clear()
        if self._first_line:
            line = line.removeprefix(_BOM)
            self._first_line = False
        if line:
            self._field(line)
        elif self._data or self._is_error:
            return self._take()
        return None

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name != b"data":  # comments (an empty name) keep the connection alive; id and retry are not used
            if name == b"event":
                self._is_error = value.strip() == b"error"
            return
        self._data_bytes += len(value) + 1
        if self._data_bytes > self._max:
            raise StreamError(f"it sent an event of more than {self._max} bytes")
        self._data.append(value.removeprefix(b" ").decode("utf-8", errors="replace"))

    def _take(self) -> str:
        data = "\n".join(self._data)
        self._data.clear()
        self._data_bytes = 0
        if self._is_error:
            raise RefusedAnswerError(f"it sent an event that is an error: {data or '(no text)'}")
        return data


def error_text(body: dict[str, Any]) -> str:
    """Return the message of an error: `{"error": {"message": ...}}`, `{"error": ...}`, `{"message": ...}`, or all of
    it."""
    error = body.get("error") or body
    message = error.get("message", error) if isinstance(error, dict) else error
    return message if isinstance(message, str) else json.dumps(message)
