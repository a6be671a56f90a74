"""A page as plain text, and what it is made of: what a person would read, without the markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "h1", "h2", "h3", "li", "tr", "summary", "figcaption", "caption", "figure", "section", "dt", "dd"}
_CELLS = {"td", "th"}


class Page(HTMLParser):
    """Tags with their attributes, ids, links, and the text, a line for each block."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._lines = [""]
        self._hidden = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"style", "title"}:
            self._hidden += 1
        if tag == "svg" and "aria-label" in dict(attrs):
            self._lines[-1] += f"({dict(attrs)['aria-label']}) "
        if tag in _BLOCKS:
            self._lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "title"}:
            self._hidden -= 1
        if tag in _CELLS:
            self._lines[-1] += " | "
        if tag in _BLOCKS:
            self._lines.append("")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._lines[-1] += data

    @property
    def text(self) -> str:
        """Lines that are not empty."""
        lines = (re.sub(r"\s+", " ", line).strip().removesuffix(" |") for line in self._lines)
        return "\n".join(line for line in lines if line) + "\n"

    @property
    def ids(self) -> list[str]:
        """In order."""
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]

    @property
    def links(self) -> list[str]:
        """Where they lead, in order."""
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]
