"""Write text and tables as Markdown; everything from a record is hostile and shows as itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.safe_text import visible

_MARKS = re.compile(r"([\\`*_|#~]|\[(?=[^\]]*\]\())")
_GITHUB_MARKS = re.compile(r"[\\`*_|~\[\]!]")
_FIRST = re.compile(r"^(\d*)([-+=.)])(?!\d)")
"""What begins a list or underlines a heading."""
_LINKS = re.compile(r"@|#|:(?=//)|www(?=\.)|GH(?=-\d)", re.IGNORECASE)
_JOINER = "&#8203;"
"""A space of no width. Inside a name, number or address it keeps GitHub from making a link; GitHub undoes an escape
before it looks for links."""


def markdown_table(columns: Sequence[TextColumn], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: heads, alignment, a line per row. Cells are Markdown, escaped by the caller."""
    rules = ["--:" if column.right else ":--" for column in columns]
    return [_line(cells) for cells in ([column.head for column in columns], rules, *rows)]


def escaped(text: str) -> str:
    """Escape a text so that it shows as itself: no markup, no HTML, no second table cell."""
    return _MARKS.sub(r"\\\1", _without_html(" ".join(text.split())))


def escaped_for_github(text: str, longest: int) -> str:
    """Escape a text for a comment: as `escaped`, cut to this many characters, and nothing that GitHub makes a link of.

    GitHub makes links of people, issues and addresses by itself.
    """
    begun = text[: 4 * longest]  # a text may be megabytes
    flat = " ".join(begun.split())
    shown = flat if len(flat) <= longest and begun == text else f"{flat[:longest]} ... (truncated)"
    marked = _FIRST.sub(r"\1\\\2", _GITHUB_MARKS.sub(r"\\\g<0>", _without_html(shown)))
    return _LINKS.sub(rf"\g<0>{_JOINER}", marked).replace("$", "&#36;")  # between two dollars GitHub sets mathematics


def in_code(text: str) -> str:
    """Write a text as code, which holds no markup; a backtick in it would end the code and is dropped."""
    return f"`{visible(' '.join(text.split())).replace('`', '')}`"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _without_html(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
