"""A section of the page: what every panel but the verdict returns."""

from __future__ import annotations

from dataclasses import dataclass

from reports.panels.table import Table


@dataclass(frozen=True)
class Drawing:
    """A figure within a passage. Its numbers stand in a table beside it."""

    svg: str
    """Inline SVG, as `reports.figures` makes it: markup, and safe to insert as such."""
    label: str
    """Read aloud."""
    caption: str


@dataclass(frozen=True)
class Passage:
    """What is said of one system, or of one question."""

    heading: str
    """Empty: none."""
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    drawing: Drawing | None = None
    folded: tuple[Table, ...] = ()
    """Each in a box of its own that opens."""
    commands: tuple[tuple[str, str], ...] = ()
    """What a command is for, and the command: text to be copied."""


@dataclass(frozen=True)
class Section:
    """A heading, what the section is about, and its passages."""

    id: str
    """In the page, and in its links."""
    label: str
    """In the contents."""
    title: str
    lead: str
    """One paragraph; empty: none."""
    passages: tuple[Passage, ...]
