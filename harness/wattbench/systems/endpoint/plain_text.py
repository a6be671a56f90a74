"""Make text from outside (a server's error, a log) safe to show on a terminal."""

from __future__ import annotations


def plain_text(text: str, *, limit: int = 300, hide: str | None = None) -> str:
    """Return a text as one short printable line.

    Control characters, escape sequences and bidirectional marks become spaces, as they could rewrite what
    a terminal already shows.

    Args:
        text: any text.
        limit: characters to keep; the rest becomes an ellipsis.
        hide: a secret that must not be shown if the text quotes it.
    """
    if hide:
        text = text.replace(hide, "***")
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[:limit] + "..."


def plain_tail(text: str, *, lines: int = 12, hide: str | None = None) -> str:
    """Return the last lines of a log, each as `plain_text` and indented."""
    shown = [plain_text(line, hide=hide) for line in text.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in shown if line][-lines:])
