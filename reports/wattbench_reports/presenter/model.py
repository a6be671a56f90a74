"""A section as data: sentences, tables, figures and notes, which each medium's renderer shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Flag, auto

from wattbench_reports.figures.drawing import Drawing
from wattbench_reports.formatting.safe_text import Excerpt
from wattbench_reports.tables.provenance import is_declared, is_modelled


class Medium(Flag):
    """What shows a section. A part may be for some media alone."""

    TEXT = auto()
    """A terminal of 100 columns, and the log of a job."""
    MARKDOWN = auto()
    HTML = auto()
    """A page, and a notebook."""


ALL = Medium.TEXT | Medium.MARKDOWN | Medium.HTML
RICH = Medium.MARKDOWN | Medium.HTML


@dataclass(frozen=True)
class Span:
    """Words of one style within a sentence."""

    text: str
    style: str = ""
    """``strong``, ``emphasis``, ``code``, or nothing. A terminal shows none."""
    href: str = ""
    """What they link to, in Markdown; a URL made here."""


@dataclass(frozen=True)
class Text:
    """A sentence with styles, a mark, or for some media alone. A `str` is a sentence without any."""

    spans: tuple[Span, ...]
    mark: str = ""
    """Makes it a point of a list: ``- ``, or ``! `` for what limits the figures, as a terminal shows it."""
    media: Medium = ALL

    @property
    def plain(self) -> str:
        """Return the words alone."""
        return "".join(span.text for span in self.spans)


Sentence = str | Text


def strong(text: str) -> Text:
    """Make a sentence that is set in bold."""
    return Text((Span(text, "strong"),))


def point(text: str, mark: str = "- ") -> Text:
    """Make a point of a list."""
    return Text((Span(text),), mark)


@dataclass(frozen=True)
class Column:
    """A column's heading."""

    label: str
    numeric: bool = False
    """Right-aligned, in figures of equal width."""
    short: str = ""
    """The label in a terminal, where it is shorter."""
    below: bool = False
    """In a terminal its cells are below their row, without the heading."""
    kept: bool = False
    """It is shown even if all its cells are dashes or say that there is nothing."""
    widest: int = 0
    """Columns of a terminal that a cell may take, beyond which it is cut; 0: any number."""


@dataclass(frozen=True)
class Cell:
    """One cell."""

    text: str
    style: str = ""
    """A word the style sheet knows: ``badge``, ``badge-warn``, ``best``, ``mark``; ``strong`` or ``emphasis`` as in a
    `Span`; or nothing."""
    series: int | None = None
    """The index of a system among all, for its marker."""
    detail: str = ""
    """A second line; in Markdown in parentheses."""
    detail_style: str = ""
    """The `style` of the second line."""
    restates: str = ""
    """The key under which the page's script states the cell for other settings: see `wattbench_reports.html.whatif`."""
    at_rate: str = ""
    """The key under which the page's script states the cell for another rate of requests."""
    link: str = ""
    """A fragment of the page that shows what is behind the figure; other media do not have it."""


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first cell of a row is its heading."""

    caption: str
    """Empty: none."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    prose: bool = False
    """Its cells hold sentences or long words, which wrap where there is little room; in a terminal those of the last
    column are then below their row."""
    media: Medium = ALL


def numbers(*labels: str) -> tuple[Column, ...]:
    """Make columns of numbers."""
    return tuple(Column(label, numeric=True) for label in labels)


def text_rows(rows: Iterable[Iterable[str]]) -> tuple[tuple[Cell, ...], ...]:
    """Make rows of plain texts."""
    return tuple(tuple(map(Cell, row)) for row in rows)


def energy_badge(label: str) -> Cell:
    """Make a cell of a provenance of joules, marked where they are modelled or declared."""
    doubtful = not label or is_modelled(label) or is_declared(label)
    return Cell(label or "no energy", "badge-warn" if doubtful else "badge")


def restate_key(index: int, metric: str) -> str:
    """Name the cell of a metric, for `Cell.restates`, by the index of its system in the comparison: ``s3-accuracy``."""
    return f"s{index}-{metric}"


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
    """Sentences, tables and a figure under one heading, shown in the order of the fields; points come last."""

    heading: str = ""
    """Empty: none."""
    sentences: tuple[Sentence, ...] = ()
    """Empty ones are not shown."""
    tables: tuple[Table, ...] = ()
    figure: Figure | None = None
    folded: tuple[Table, ...] = ()
    """Tables that are folded, each by itself."""
    commands: tuple[tuple[str, str], ...] = ()
    """Purpose and text of each command."""
    examples: tuple[Examples, ...] = ()
    rate: RateField | None = None
    points: tuple[Sentence, ...] = ()
    """A list; a `str` is a point of it."""
    closed: bool = False
    """In Markdown it is a box that the heading opens; a terminal shows its content without the heading."""
    media: Medium = ALL


@dataclass(frozen=True)
class Section:
    """A heading, what the section is about, and its passages."""

    id: str
    """Its anchor: small letters and hyphens."""
    label: str
    """In the contents."""
    title: str
    """A terminal does not show it."""
    lead: Sentence
    """One paragraph; empty: none."""
    passages: tuple[Passage, ...]
    line: str = ""
    """Its content in a few words, shown next to the title; empty: the lead's first sentence."""
    opened: bool = False
    """A page shows it without a click."""

    @property
    def about(self) -> str:
        """Return the content of the section in a line."""
        lead = self.lead if isinstance(self.lead, str) else self.lead.plain
        return self.line or lead.partition(". ")[0].rstrip(".")
