"""Decode a body in chunked transfer coding, up to its last chunk.

Source: RFC 9112, section 7.1. As strict as h11 0.16: a size has at most 20 digits, and its line ends with CR LF.
"""

from __future__ import annotations

import re
from functools import lru_cache

import httpx

MOST_LINE_BYTES = 1 << 14
"""The most bytes of the line before a chunk: its size, and extensions that no server sends."""

_MOST_DIGITS = 20
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*")
_CR_LF = b"\r\n"


class ChunkedBody:
    """A decoder from bytes to the content of a body, however the bytes are cut."""

    def __init__(self) -> None:
        self.rest: bytes | None = None
        """From the line of the last chunk on, which has no content; None before it has come."""
        self.failure: httpx.RemoteProtocolError | None = None
        """Why what followed the content is no chunk; None where it is one."""
        self._line = b""
        self._left = 0
        """Bytes of the chunk that are to come, the CR LF after it included."""

    def feed(self, data: bytes) -> bytes:
        """Return the content of the next bytes, up to the last chunk or a failure. Nothing may be fed after those."""
        if not self._left and not self._line and (alone := _alone(data)) is not None:
            return alone
        if self._line:
            data, self._line = self._line + data, b""
        content: list[bytes] = []
        at = 0
        try:
            while at < len(data) and self.rest is None:
                if self._left > len(_CR_LF):
                    part = data[at : at + self._left - len(_CR_LF)]
                    content.append(part)
                    at += len(part)
                    self._left -= len(part)
                elif self._left:
                    self._end_chunk(data[at])
                    at += 1
                else:
                    at = self._begin_chunk(data, at)
        except httpx.RemoteProtocolError as error:
            self.failure = error
        return content[0] if len(content) == 1 else b"".join(content)

    def _begin_chunk(self, data: bytes, at: int) -> int:
        """Read the line of a size, and return where it ends."""
        end = data.find(_CR_LF, at)
        if end < 0:
            self._line = _short(data[at:])
            return len(data)
        line = _short(data[at:end])
        match = _SIZE.fullmatch(line)
        if match is None:
            raise httpx.RemoteProtocolError(f"illegal chunk header: {line!r}")
        size = int(match[1], 16)
        if not size:
            self.rest = data[at:]
        self._left = size + len(_CR_LF)
        return end + len(_CR_LF)

    def _end_chunk(self, byte: int) -> None:
        if byte != _CR_LF[-self._left]:
            raise httpx.RemoteProtocolError(f"malformed chunk footer: {bytes([byte])!r} (expected {_CR_LF!r})")
        self._left -= 1


def _alone(data: bytes) -> bytes | None:
    """Return the content of a chunk that came whole and alone, as each token of a stream does; None of all else."""
    end = data.find(_CR_LF, 0, _MOST_DIGITS + len(_CR_LF))
    if end <= 0 or not data.endswith(_CR_LF):
        return None
    size = _size_alone(data[:end])
    return data[end + len(_CR_LF) : -len(_CR_LF)] if size and len(data) == end + size + 2 * len(_CR_LF) else None


@lru_cache(maxsize=256)
def _size_alone(line: bytes) -> int:
    """Return the size in a line that has nothing else; 0 if it has."""
    return int(line, 16) if line.isalnum() and _SIZE.fullmatch(line) else 0


def _short(line: bytes) -> bytes:
    if len(line) > MOST_LINE_BYTES:
        raise httpx.RemoteProtocolError(f"a chunk header has more than {MOST_LINE_BYTES} bytes")
    return line
