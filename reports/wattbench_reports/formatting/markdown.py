"""Writes text and tables as Markdown; text of a record is hostile, and is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from wattbench.terminal import TextColumn
from wattbench_reports.formatting.safe_text import visible

_MARKS = re.compile(r"[\\`*_|#~]|\](?=\()")
_GITHUB_MARKS = re.compile(r"[\\`*_|~\[\]!]")
_FIRST = re.compile(r"^(\d*)([-+=.)/])(?!\d)")
"""What begins a list, underlines a heading, or is a command in a comment on GitLab."""
_LINKS = re.compile(r"@|#|:(?=//)|www(?=\.)|GH(?=-\d)", re.IGNORECASE)
_REFERENCES = re.compile(
    r"(?<![A-Za-z0-9_])@|#|GH(?=-\d)|:(?=//\S{0,100}?git(?:hub|lab))|www(?=\.git(?:hub|lab))", re.IGNORECASE
)
"""As `_LINKS`, but for addresses (of the source of a price, say) and for the ``@`` in labels such as ``system@run``."""
_JOINER = "&#8203;"
"""A space of no width. Inside a name, number or address it keeps GitHub from making a link; GitHub undoes an escape
before it looks for links."""


def markdown_table(columns: Sequence[TextColumn], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: heads, alignment, a line per row. Cells are Markdown, escaped by the caller."""
    rules = ["--:" if column.right else ":--" for column in columns]
    return [_line(cells) for cells in ([column.head for column in columns], rules, *rows)]


def escaped(text: str) -> str:
    """Escape a text, so that it is no markup, no HTML, no second table cell, and mentions no user.

    In a comment GitHub and GitLab tell people of their names, and issues of their numbers.
    """
    marked = _MARKS.sub(r"\\\g<0>", _without_html(" ".join(text.split())))
    return _unlinked(marked, _REFERENCES)


def escaped_for_github(text: str, longest: int) -> str:
    """Escape a text for a comment as `escaped` does, cut it, and leave nothing that GitHub turns into a link.

    GitHub makes links of people, issues and addresses by itself.
    """
    begun = text[: 4 * longest]  # a text may be megabytes
    flat = " ".join(begun.split())
    shown = flat if len(flat) <= longest and begun == text else f"{flat[:longest]} ... (truncated)"
    return _unlinked(_GITHUB_MARKS.sub(r"\\\g<0>", _without_html(shown)), _LINKS)


def in_code(text: str) -> str:
    """Write a text as code; backticks, which would end the code, are dropped."""
    return f"`{visible(' '.join(text.split())).replace('`', '')}`"


def _unlinked(marked: str, links: re.Pattern[str]) -> str:
    plain = _FIRST.sub(r"\1\\\2", marked)
    return links.sub(rf"\g<0>{_JOINER}", plain).replace("$", "&#36;")  # between two dollars GitHub sets mathematics


def front_matter(data: Mapping[str, Any]) -> str:
    """Return YAML between lines of ``---``, with which a page begins; every text is made visible, on one line."""
    body = yaml.safe_dump(_flat(data), sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{body}---\n"


def _flat(value: Any) -> Any:
    if isinstance(value, str):
        return visible(" ".join(value.split()))
    if isinstance(value, Mapping):
        return {_flat(key): _flat(each) for key, each in value.items()}
    return [_flat(each) for each in value] if isinstance(value, list | tuple) else value


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _without_html(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
