"""Makes invisible characters of hostile text visible, and cuts prompts and answers to short excerpts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

PROMPT_CHARACTERS = 600
ANSWER_CHARACTERS = 400
LINES = 24
"""The most lines of an excerpt: a short text may be all line breaks."""

_SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}

_JOINERS = "\u200c\u200d"
"""Characters of no width that some scripts and emoji need."""

_NOT_XML = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, escaped or not."""

_KEPT = dict.fromkeys(map(ord, f"\n\t{_JOINERS}"))


@dataclass(frozen=True)
class Excerpt:
    """An excerpt as it is shown."""

    text: str
    """With control characters made visible."""
    length: int
    """Characters of the whole text."""
    shown: int
    """How many of them are in `text`."""

    @property
    def cut(self) -> bool:
        """Return whether the excerpt is shorter than the text."""
        return self.shown < self.length


def last_of(text: str, characters: int = PROMPT_CHARACTERS) -> Excerpt:
    """Return an excerpt of the end of a text: in a prompt the question is there."""
    kept = "".join(text[-characters:].splitlines(keepends=True)[-LINES:])
    return Excerpt(visible(kept), len(text), len(kept))


def first_of(text: str, characters: int = ANSWER_CHARACTERS) -> Excerpt:
    """Return an excerpt of the beginning of a text."""
    kept = "".join(text[:characters].splitlines(keepends=True)[:LINES])
    return Excerpt(visible(kept), len(text), len(kept))


def visible(text: str) -> str:
    """Replace characters that are invisible or reorder text by a sign or a code point.

    Line breaks and tabs stay, as do the joiners of some scripts. The signs are Unicode's control pictures: ``␛`` for an
    escape; others are named, as ``⟨U+202E⟩`` for what turns the direction of writing.
    """
    if text.translate(_KEPT).isprintable():  # nearly always, and many times faster
        return text
    return "".join(_shown(character) for character in text.replace("\r\n", "\n"))


def _shown(character: str) -> str:
    if character in "\n\t" or character in _JOINERS:
        return character
    point = ord(character)
    if point < 0x20:
        return chr(0x2400 + point)
    if point == 0x7F:
        return "\u2421"
    # Other controls, formats, lone surrogates, and the separators that break lines.
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return f"⟨U+{point:04X}⟩"
    return character


def with_ends(text: str) -> str:
    """Make the blanks at both ends of a short text visible: ``␣72⏎``."""
    kept = text.strip()
    if not kept:
        return _signs(text)
    start = text.index(kept)
    return _signs(text[:start]) + kept + _signs(text[start + len(kept) :])


def _signs(blanks: str) -> str:
    return "".join(_SIGNS.get(each, f"⟨U+{ord(each):04X}⟩") for each in blanks.replace("\r\n", "\n"))


def xml_text(text: str) -> str:
    """Make a text visible, and replace what XML cannot hold; markup is left to the writer of XML to escape."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))
