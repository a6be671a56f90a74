"""Link to commits, comparisons and files on the site of a repository, where its kind is known by its host.

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
"""What a host's name begins with to the addresses of its pages: ``github.com``, ``gitlab.example.org``."""


@dataclass(frozen=True)
class RepositoryLinks:
    """Gives the addresses of pages of one repository."""

    remote: str
    """Its https address, checked."""

    def commit(self, now: str) -> str | None:
        """Link to a commit; None on a host of unknown kind, as for the next two."""
        return self._page("commit", now=now)

    def compare(self, before: str, now: str) -> str | None:
        """Link to what differs between two commits."""
        return self._page("compare", before=before, now=now)

    def file(self, path: str, now: str) -> str | None:
        """Link to the commits that changed a file, up to one: it is right of a deleted file too."""
        return self._page("file", path=quote(path), now=now)

    def _page(self, page: str, **parts: str) -> str | None:
        host = urlsplit(self.remote).hostname or ""
        addresses = next((each for start, each in _KINDS.items() if host.startswith(start)), None)
        return None if addresses is None else self.remote + addresses[page].format(**parts)
