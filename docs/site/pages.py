"""The pages of the site: those of the repository, those generated from the code, and each file that a page links to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from docs.site import commands, markdown, metrics, python_api, record_fields, repository_files, suite_schema

REPOSITORY_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Markdown of the repository's root, to its place in the site. That of `docs/` is at the root of the site, with its
folders."""

GENERATED: dict[str, Callable[[], str]] = {
    "reference/commands.md": commands.page,
    "reference/metrics.md": metrics.page,
    "reference/python-api.md": python_api.page,
    "reference/record-fields.md": record_fields.page,
    "reference/suite-schema.md": suite_schema.page,
}
"""Place in the site, to what writes the page."""


def places(root: Path) -> dict[str, str]:
    """Return every page of the repository that is part of the site, and its place there."""
    docs = {
        str(path.relative_to(root)): str(path.relative_to(root / "docs"))
        for path in sorted((root / "docs").rglob("*.md"))
    }
    examples = {
        str(path.relative_to(root)): f"examples/{path.parent.name}.md"
        for path in sorted((root / "examples").glob("*/README.md"))
    }
    return REPOSITORY_PAGES | docs | examples


def write_pages(root: Path, folder: Path) -> list[str]:
    """Write all pages into `folder`, which is emptied first, and return their places.

    What a page links to and is no page itself becomes one, or is copied if it is a picture: the site is complete, also
    without a network.
    """
    shutil.rmtree(folder, ignore_errors=True)
    site = dict(places(root))
    texts: dict[str, str] = {}
    waiting = list(site)
    while waiting:
        source = waiting.pop(0)
        is_file = site[source].startswith("files/")
        text = texts[source] = (
            repository_files.as_page(root / source) if is_file else (root / source).read_text("utf-8")
        )
        for target in markdown.targets(source, text) if source.endswith(".md") else []:
            if target in site or not (root / target).is_file():
                continue
            site[target] = repository_files.place(target)
            if site[target].endswith(".md"):
                waiting.append(target)
            else:
                _copy(root / target, folder / site[target])
    for source, text in texts.items():
        _write(folder / site[source], markdown.rewritten(source, text, site))
    for place, page in GENERATED.items():
        _write(folder / place, page())
    _write(folder / "reference" / "suite.schema.json", suite_schema.schema())
    return sorted([*(site[source] for source in texts), *GENERATED])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, path)
