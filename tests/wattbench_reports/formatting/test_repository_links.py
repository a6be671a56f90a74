"""Links to a repository's pages, as its host names them."""

from __future__ import annotations

import pytest

from wattbench_reports.formatting.repository_links import RepositoryLinks

A, B = "a" * 40, "b" * 40


@pytest.mark.parametrize(
    ("remote", "commit", "compare", "file"),
    [
        ("https://github.com/o/n", f"/commit/{B}", f"/compare/{A}...{B}", f"/commits/{B}/a%20b/%28c%29.py"),
        ("https://github.example.org/o/n", f"/commit/{B}", f"/compare/{A}...{B}", f"/commits/{B}/a%20b/%28c%29.py"),
        ("https://gitlab.com/g/s/n", f"/-/commit/{B}", f"/-/compare/{A}...{B}", f"/-/commits/{B}/a%20b/%28c%29.py"),
        ("https://codeberg.org/o/n", f"/commit/{B}", f"/compare/{A}...{B}", f"/commits/commit/{B}/a%20b/%28c%29.py"),
        (
            "https://bitbucket.org/o/n", f"/commits/{B}", f"/branches/compare/{B}..{A}",
            f"/history-node/{B}/a%20b/%28c%29.py",
        ),
    ],
)  # fmt: skip
def test_pages_of_known_hosts(remote: str, commit: str, compare: str, file: str) -> None:
    links = RepositoryLinks(remote)
    assert links.commit(B) == remote + commit
    assert links.compare(A, B) == remote + compare
    assert links.file("a b/(c).py", B) == remote + file


@pytest.mark.parametrize("remote", ["https://example.org/o/n", "https://example.org/github.com/n"])
def test_an_unknown_host_has_no_pages(remote: str) -> None:
    links = RepositoryLinks(remote)
    assert links.commit(B) is links.compare(A, B) is links.file("a", B) is None
