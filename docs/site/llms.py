"""`llms.txt`, by which a language model finds its way through the site: the navigation, with a sentence per page.

The format is that of https://llmstxt.org: a heading, a quoted summary, and sections of links.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_SENTENCE = re.compile(r"(.+?[.:?!])(?=\s|$)", re.DOTALL)
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|[*`]{1,2}(?=\S)|(?<=\S)[*`]{1,2}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)")


class _Settings(yaml.SafeLoader):
    """Reads mkdocs.yml, whose tags for Python are of no interest here."""


_Settings.add_multi_constructor("tag:yaml.org,2002:python/", lambda loader, suffix, node: None)


def llms_txt(settings: Path, pages: Path) -> str:
    """Return the text of `llms.txt`.

    Args:
        settings: mkdocs.yml.
        pages: the folder with the site's pages, as Markdown. A page that is not there has no line.
    """
    site = yaml.load(settings.read_text("utf-8"), _Settings)  # noqa: S506  # a SafeLoader
    lines = [f"# {site['site_name']}", "", f"> {site['site_description']}"]
    for entry in site["nav"]:
        [(title, below)] = entry.items()
        lines += ["", f"## {title}", ""] if isinstance(below, list) else [""]
        lines += [
            _line(name, pages / place, place) for name, place in _leaves(title, below) if (pages / place).is_file()
        ]
    return "\n".join(lines) + "\n"


def _leaves(title: str, below: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the place of each page under an entry of the navigation."""
    if isinstance(below, str):
        yield title, below
        return
    for entry in below:
        if isinstance(entry, Mapping):
            for name, further in entry.items():
                yield from _leaves(name, further)
        else:
            yield Path(entry).stem.replace("-", " "), entry


def _line(name: str, path: Path, place: str) -> str:
    summary = _first_sentence(path.read_text("utf-8"))
    link = place.removesuffix(".md") + ".html"
    return f"- [{name}]({link})" + (f": {summary}" if summary else "")


def _first_sentence(text: str) -> str:
    """Return the first sentence of a page's first paragraph, without markup. Empty if it has none."""
    for part in re.split(r"\n\s*\n", text):
        if re.match(r"\w|[*_`\[]", part) and not part.startswith(("* ", "```")):
            words = _MARKUP.sub(r"\1", " ".join(part.split()))
            match = _SENTENCE.match(words)
            sentence = match[1] if match else words
            return f"{sentence[:-1]}." if sentence.endswith(":") else sentence
    return ""
