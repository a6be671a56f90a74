"""Text from strangers (a server's error, a log), made fit to be shown on one's terminal."""

from __future__ import annotations


def plain_text(text: str, *, limit: int = 300, hide: str | None = None) -> str:
    """One short printable line.

    Control characters, escape sequences and bidirectional marks become spaces, as they could rewrite what
    a terminal already shows.

    Args:
        text: whatever came.
        limit: characters to keep; the rest becomes an ellipsis.
        hide: a secret that must not be shown, should it be quoted back at us.
    """
    if hide:
        text = text.replace(hide, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[:limit] + "..."


def plain_tail(text: str, *, lines: int = 12, hide: str | None = None) -> str:
    """The last lines of a log, each as `plain_text` and indented."""
    shown = [plain_text(line, hide=hide) for line in text.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in shown if line][-lines:])
