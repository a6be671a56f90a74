"""Makes addresses of commits, comparisons and files on the site of a repository.

Addresses of GitHub, GitLab, Bitbucket and Forgejo differ. A host of unknown kind has only the repository itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_GITHUB = {
    "commit": "/commit/{now}", "compare": "/compare/{before}...{now}", "file": "/commits/{now}/{path}",
}  # fmt: skip
_FORGEJO = {
    "commit": "/commit/{now}", "compare": "/compare/{before}...{now}", "file": "/commits/commit/{now}/{path}",
}  # fmt: skip
_GITLAB = {name: f"/-{address}" for name, address in _GITHUB.items()}
_BITBUCKET = {
    "commit": "/commits/{now}", "compare": "/branches/compare/{now}..{before}", "file": "/history-node/{now}/{path}",
}  # fmt: skip

_KINDS: Mapping[str, Mapping[str, str]] = {
    "github": _GITHUB, "gitlab": _GITLAB, "bitbucket.org": _BITBUCKET, "codeberg.org": _FORGEJO, "gitea": _FORGEJO,
    "forgejo": _FORGEJO,
}  # fmt: skip
"""Maps the beginning of a host's name (``github.com``, ``gitlab.example.org``) to the addresses of its pages."""


@dataclass(frozen=True)
class RepositoryLinks:
    """Makes the addresses of pages of one repository; each is None on a host of unknown kind."""

    remote: str
    """Its https address, checked."""

    def commit(self, now: str) -> str | None:
        """Return the address of a commit."""
        return self._page("commit", now=now)

    def compare(self, before: str, now: str) -> str | None:
        """Return the address of the comparison of two commits."""
        return self._page("compare", before=before, now=now)

    def file(self, path: str, now: str) -> str | None:
        """Return the address of the history of a file up to a commit, which a deleted file has too."""
        return self._page("file", path=quote(path), now=now)

    def _page(self, page: str, **parts: str) -> str | None:
        host = urlsplit(self.remote).hostname or ""
        addresses = next((each for start, each in _KINDS.items() if host.startswith(start)), None)
        return None if addresses is None else self.remote + addresses[page].format(**parts)
