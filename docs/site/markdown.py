"""What GitHub and the site's generator read differently in Markdown: links, and where lists begin."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
_FENCE = re.compile(r"^(```.*?^```[^\n]*$)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_ELSEWHERE = re.compile(r"[a-z]+:", re.IGNORECASE)


def targets(source: str, text: str) -> list[str]:
    """Return the paths, in the repository, of all files that the page at `source` links to."""
    found = [_target(source, path) for part in _prose(text) for path, _ in _LINK.findall(part)]
    return list(dict.fromkeys(path for path in found if path is not None))


def rewritten(source: str, text: str, site: Mapping[str, str]) -> str:
    """Return the page with each link to a file of `site` (path to place) as one to its place.

    Other links are left as they are: the build refuses those to nowhere.
    """
    here = posixpath.dirname(site[source])

    def link(match: re.Match[str]) -> str:
        target = _target(source, match[1])
        if target is None or target not in site:
            return match[0]
        return posixpath.relpath(site[target], here or ".") + match[2]

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(link, _with_lists_apart(part)) for part in parts)


def _with_lists_apart(text: str) -> str:
    """Return the text with an empty line before each list, which Python-Markdown needs after a paragraph."""
    lines: list[str] = []
    in_paragraph = False
    for line in text.split("\n"):
        if _ITEM.match(line):
            lines += ["", line] if in_paragraph else [line]
            in_paragraph = False
        else:
            lines.append(line)
            starts = not lines[-2:-1] or not lines[-2].strip() or lines[-2].startswith("#")
            in_paragraph = bool(line.strip()) and (in_paragraph or (starts and not line.startswith((" ", "#", "|"))))
    return "\n".join(lines)


def _prose(text: str) -> list[str]:
    return [part for part in _FENCE.split(text) if not part.startswith("```")]


def _target(source: str, path: str) -> str | None:
    """Return the path in the repository, or none of a link to elsewhere."""
    return None if _ELSEWHERE.match(path) else posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
