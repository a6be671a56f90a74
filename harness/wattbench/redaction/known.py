"""Find the secrets that this process knows in any text: whole, cut, split by other characters, or encoded."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

HIDDEN = "[secret]"
"""What a text has in the place of a secret."""
LEAST = 6
"""Shorter values are not looked for: they would be found in ordinary words."""
PIECE = 8
"""This many letters and digits of a secret in a row are hidden, whatever lies between them. Fewer may be chance."""
LONG = 16
"""Words without digits count as secrets in data from this length."""
_PROBE = 4
_STRIDE = PIECE - _PROBE + 1
_NOISE = re.compile(r"(?:\x1b\[[0-9;?]*[@-~]|[\W_])+")
_PLACEHOLDERS = frozenset(
    {
        "dummy", "empty", "none", "null", "token", "password", "secret", "changeme", "nokey", "noneneeded", "notneeded",
        "notused", "nokeyrequired", "sknokeyrequired", "example", "apikey", "public", "private", "bearer", "basic",
        "anything", "xxxxxx",
    }
)  # fmt: skip

Span = tuple[int, int]


class Known:
    """The secrets of this process."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._exact: list[str] = []
        self._exact_in_data: list[str] = []
        self._pieces: dict[str, list[tuple[str, int]]] = {}
        self._probes: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._secrets)

    def add(self, secret: str) -> None:
        """Hide a secret and its encodings from now on.

        One of fewer than `LEAST` characters, or that stands for "no key", such as ``EMPTY``, is not looked for.
        """
        secret = secret.strip()
        if secret in self._secrets or len(secret) < LEAST or HIDDEN in secret:
            return
        if _squeezed(secret).lower() in _PLACEHOLDERS:
            return
        self._secrets[secret] = None
        for form in dict.fromkeys(_forms(secret)):
            self._add_form(form)

    def forget(self) -> None:
        """Forget every secret."""
        self.__init__()  # type: ignore[misc]

    def hidden_in(self, text: str, *, in_data: bool = False) -> str:
        """Return a text with `HIDDEN` in the place of each secret in it.

        Args:
            text: any text.
            in_data: leave what could be ordinary words: a password such as ``postgres``, a piece that is one word.
        """
        if not self._secrets or not text:
            return text
        spans = [*self._exact_spans(text, in_data), *self._piece_spans(text, in_data)]
        return _replaced(text, spans) if spans else text

    def _add_form(self, form: str) -> None:
        signs = _squeezed(form)
        if len(signs) < PIECE:
            self._exact.append(form)
            if not _is_word(signs):
                self._exact_in_data.append(form)
            return
        for at in range(len(signs) - PIECE + 1):
            self._pieces.setdefault(signs[at : at + PIECE], []).append((signs, at))
        self._probes.update(signs[at : at + _PROBE] for at in range(len(signs) - _PROBE + 1))

    def _exact_spans(self, text: str, in_data: bool) -> Iterator[Span]:
        for form in self._exact_in_data if in_data else self._exact:
            at = text.find(form)
            while at >= 0:
                yield at, at + len(form)
                at = text.find(form, at + 1)

    def _piece_spans(self, text: str, in_data: bool) -> Iterator[Span]:
        signs = _squeezed(text)
        probes = self._probes
        # Any piece holds a probe at a multiple of the stride: most texts are let through by this line.
        if not any(signs[at : at + _PROBE] in probes for at in range(0, len(signs) - _PROBE + 1, _STRIDE)):
            return
        places = _places(text)
        end = 0
        for at in range(len(signs) - PIECE + 1):
            if at + PIECE <= end:
                continue
            for secret, offset in self._pieces.get(signs[at : at + PIECE], ()):
                first, last = _extent(signs, at, secret, offset)
                if in_data and _is_word(signs[first:last]):
                    continue
                yield places[first], places[last - 1] + 1
                end = max(end, last)


def _extent(signs: str, at: int, secret: str, offset: int) -> Span:
    """Return the longest span of a text that matches a secret around one matching piece."""
    first, last = at, at + PIECE
    while first > 0 and at - first < offset and signs[first - 1] == secret[offset - (at - first) - 1]:
        first -= 1
    while last < len(signs) and offset + last - at < len(secret) and signs[last] == secret[offset + last - at]:
        last += 1
    return first, last


def _forms(secret: str) -> Iterator[str]:
    for each in (secret, unquote(secret)):
        yield each
        yield quote(each, safe="")
        yield json.dumps(each)[1:-1]
        yield base64.b64encode(each.encode("utf-8", "surrogatepass")).decode().rstrip("=")
        yield each.lower()
        yield each.upper()


def _places(text: str) -> list[int]:
    """Return the positions of the characters that `_squeezed` keeps."""
    places: list[int] = []
    end = 0
    for noise in _NOISE.finditer(text):
        places += range(end, noise.start())
        end = noise.end()
    return [*places, *range(end, len(text))]


def _squeezed(text: str) -> str:
    return _NOISE.sub("", text)


def _is_word(signs: str) -> bool:
    """Return whether letters and digits look like a word or a number, and not like a key."""
    if len(signs) >= LONG:
        return False
    if signs.isdigit():
        return True
    return signs.isalpha() and (signs[1:].islower() or signs.isupper() or signs.islower() or len(signs) < 2)


def _replaced(text: str, spans: list[Span]) -> str:
    parts, end = [], 0
    for first, last in sorted(spans):
        if first >= end:
            parts += [text[end:first], HIDDEN]
        end = max(end, last)
    return "".join([*parts, text[end:]])


known = Known()
"""The secrets of this process: what its suites, its command line and its environment hold."""
