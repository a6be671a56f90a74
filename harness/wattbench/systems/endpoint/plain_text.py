"""Make text from outside (a server's error, a log) safe to show on a terminal."""

from __future__ import annotations

from wattbench.redaction import hide

MOST = 1 << 16
"""Characters of a text that are looked at: many more than are shown."""


def plain_text(text: str, *, limit: int = 300) -> str:
    """Return a text as one short printable line without secrets.

    Control characters, escape sequences and bidirectional marks become spaces, as they could rewrite what
    a terminal already shows.

    Args:
        text: any text.
        limit: characters to keep; the rest becomes an ellipsis.
    """
    # Hidden first: a piece that shortening leaves of a secret may be too short to be recognised.
    line = " ".join("".join(c if c.isprintable() else " " for c in hide(text[:MOST])).split())
    return line if len(line) <= limit else line[:limit] + "..."


def plain_tail(text: str, *, lines: int = 12) -> str:
    """Return the last lines of a log, each as `plain_text` and indented."""
    shown = [plain_text(line) for line in hide(text).splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in shown if line][-lines:])
