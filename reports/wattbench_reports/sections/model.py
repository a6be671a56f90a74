"""A section of the page: what every panel but the verdict returns."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.figures.drawing import Drawing
from wattbench_reports.sections.table import Cell, Table


@dataclass(frozen=True)
class Figure:
    """A figure within a passage. Its numbers are in a table next to it."""

    drawing: Drawing
    label: str
    """Read aloud."""
    caption: str


@dataclass(frozen=True)
class Quote:
    """A stretch of somebody's text, shown as it is written: a prompt, an answer."""

    label: str
    """Whose it is, and how much of it this is."""
    text: str
    """With nothing in it that cannot be seen: see `wattbench_reports.formatting.safe_text`."""


@dataclass(frozen=True)
class ShownAnswer:
    """One of the answers that stand side by side."""

    heading: Cell
    """Whose it is."""
    verdict: str
    """``right`` or ``wrong``, as a badge."""
    style: str
    """Of the badge."""
    facts: str
    """One line: what it cost."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Example:
    """One item to read."""

    title: str
    quotes: tuple[Quote, ...]
    """What all of them were given."""
    sides: tuple[ShownAnswer, ...]


@dataclass(frozen=True)
class Examples:
    """Some items, in a box that opens."""

    caption: str
    items: tuple[Example, ...]


@dataclass(frozen=True)
class RateField:
    """A field for requests per hour: the passage's first sentence and cells with a key are stated for its value."""

    label: str
    shown: str
    """Requests per hour that the passage was made for, as the empty field shows them."""
    error: str
    """What to type, as a sentence."""


@dataclass(frozen=True)
class Passage:
    """What is said of one system, or of one question."""

    heading: str
    """Empty: none."""
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    figure: Figure | None = None
    folded: tuple[Table, ...] = ()
    """Each in a box of its own that opens."""
    commands: tuple[tuple[str, str], ...] = ()
    """What a command is for, and the command: text to be copied."""
    examples: tuple[Examples, ...] = ()
    rate: RateField | None = None


@dataclass(frozen=True)
class Section:
    """A heading, what the section is about, and its passages."""

    id: str
    """In the page, and in its links: small letters and hyphens."""
    label: str
    """In the contents."""
    title: str
    lead: str
    """One paragraph; empty: none."""
    passages: tuple[Passage, ...]
    line: str = ""
    """What is in it, in a few words next to the title of the folded section; empty: the lead's first sentence."""

    @property
    def about(self) -> str:
        """Return what is in the section, in a line."""
        return self.line or self.lead.partition(". ")[0].rstrip(".")
