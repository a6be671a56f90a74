"""A section of the page: what every panel but the verdict returns."""

from __future__ import annotations

from dataclasses import dataclass

from wattbench_reports.figures.drawing import Drawing
from wattbench_reports.formatting.safe_text import Excerpt
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
    """A passage of a prompt or an answer, verbatim."""

    label: str
    """What the text is, and how much of it is shown."""
    text: str
    """Without invisible characters: see `wattbench_reports.formatting.safe_text`."""


def quote(label: str, excerpt: Excerpt, which: str) -> Quote:
    """Make a quote whose label states how much of the text is shown.

    Args:
        label: what the text is.
        excerpt: of the text.
        which: end of the text is shown: ``first`` or ``last``.
    """
    if excerpt.cut:
        label += f" (the {which} {excerpt.shown:,} of {excerpt.length:,} characters)"
    elif not excerpt.length:
        label += " (empty)"
    return Quote(label, excerpt.text)


@dataclass(frozen=True)
class ShownAnswer:
    """An answer next to another system's."""

    heading: Cell
    """The system."""
    verdict: str
    """``right`` or ``wrong``, as a badge."""
    style: str
    """Of the badge."""
    facts: str
    """Its cost, in one line."""
    quotes: tuple[Quote, ...]


@dataclass(frozen=True)
class Example:
    """One item to read."""

    title: str
    quotes: tuple[Quote, ...]
    """The prompt and the key, the same for both answers."""
    sides: tuple[ShownAnswer, ...]


@dataclass(frozen=True)
class Examples:
    """Some items, in a box that opens."""

    caption: str
    items: tuple[Example, ...]


@dataclass(frozen=True)
class RateField:
    """A field for requests per hour, which the passage's first sentence and the cells with a key depend on."""

    label: str
    shown: str
    """The default, as the empty field shows it."""
    error: str
    """What to enter, as a sentence."""


@dataclass(frozen=True)
class Passage:
    """Sentences, tables and a figure under one heading."""

    heading: str
    """Empty: none."""
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    figure: Figure | None = None
    folded: tuple[Table, ...] = ()
    """Tables that are folded, each by itself."""
    commands: tuple[tuple[str, str], ...] = ()
    """Purpose and text of each command."""
    examples: tuple[Examples, ...] = ()
    rate: RateField | None = None


@dataclass(frozen=True)
class Section:
    """A heading, what the section is about, and its passages."""

    id: str
    """Its anchor: small letters and hyphens."""
    label: str
    """In the contents."""
    title: str
    lead: str
    """One paragraph; empty: none."""
    passages: tuple[Passage, ...]
    line: str = ""
    """Its content in a few words, shown next to the title; empty: the lead's first sentence."""

    @property
    def about(self) -> str:
        """Return the content of the section in a line."""
        return self.line or self.lead.partition(". ")[0].rstrip(".")
