"""What the site's generator does not refuse: lost pictures, and pages and navigation that do not agree."""

from __future__ import annotations

import re
from pathlib import Path

_ENTRY = re.compile(r"^ +- .+: (\S+\.md)$", re.MULTILINE)
_APART = re.compile(r"^  /(\S+)$", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^]]*\]\(([^):\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def faults(folder: Path, settings: str) -> list[str]:
    """Return what is wrong with the pages of the site, a sentence each.

    Args:
        folder: the pages, as Markdown.
        settings: the text of mkdocs.yml, with the navigation and the pages that are left out of it.
    """
    apart, _, nav = settings.partition("not_in_nav:")[2].partition("\nnav:")
    listed = _ENTRY.findall(nav)
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.md"))
    expected = [each for each in pages if not each.startswith(tuple(_APART.findall(apart)))]
    wrong = [f"mkdocs.yml lists {each}, which is no page" for each in listed if each not in pages]
    wrong += [f"mkdocs.yml lists {each} twice" for each in sorted({each for each in listed if listed.count(each) > 1})]
    wrong += [f"mkdocs.yml does not list {each}" for each in expected if each not in listed]
    for each in pages:
        text = _FENCED.sub("", (folder / each).read_text(encoding="utf-8"))
        lost = [path for path in _PICTURE.findall(text) if not (folder / each).parent.joinpath(path).is_file()]
        wrong += [f"{each} shows {path}, which is no file" for path in lost]
    return wrong
