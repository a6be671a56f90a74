"""Text for a terminal of 100 columns."""

from __future__ import annotations

import textwrap

WIDTH = 100


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Lines of a paragraph; none for an empty one.

    Args:
        text: of a record or of ours; what would steer the terminal is taken out.
        first: before the first line.
        rest: before each of the others.
    """
    flat = printable(" ".join(text.split()))
    return textwrap.wrap(flat, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def printable(text: str) -> str:
    """Without control characters: a name in a record must not steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
