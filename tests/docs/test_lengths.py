"""The docs are short: how many words each kind of page may have, and all of them together."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

MOST_WORDS = {
    "README.md": 900,
    "docs/concepts.md": 500,
    "docs/troubleshooting.md": 700,
    **{str(page.relative_to(ROOT)): 600 for page in sorted((DOCS / "start").glob("*.md"))},
    **{str(page.relative_to(ROOT)): 500 for page in sorted((DOCS / "why").glob("*.md"))},
}
MOST_OF_ALL = 40_000
MOST_LINES_OF_THE_CHANGELOG = 60


def words(path: Path) -> int:
    """Return the number of words of a page, as `wc -w` counts them."""
    return len(path.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("page", MOST_WORDS)
def test_a_page_is_short(page: str) -> None:
    assert words(ROOT / page) <= MOST_WORDS[page]


def test_all_pages_together_are_short() -> None:
    pages = list(DOCS.rglob("*.md"))
    assert len(pages) > 50
    assert sum(map(words, pages)) <= MOST_OF_ALL


def test_the_changelog_is_short() -> None:
    assert len((ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_THE_CHANGELOG
