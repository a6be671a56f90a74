"""Write what Python shows of an object: a few lines of text, in which no text of a record steers a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from wattbench.terminal import printable, wrapped

_MOST_NAMES = 8


def lines_of(head: str, *texts: str) -> str:
    """Return a head in angle brackets, and texts below it, wrapped. Empty ones are left out."""
    return "\n".join([printable(f"<{head}>"), *(line for text in texts if text for line in wrapped(text, "  ", "  "))])


def names_of_systems(names: Sequence[str]) -> str:
    """Return a line with the names of systems, and the number of those beyond the eighth."""
    more = len(names) - _MOST_NAMES
    return f"systems: {', '.join(names[:_MOST_NAMES])}{f' and {more} more' if more > 0 else ''}"
