"""Prepare what changed in code, weights and prompts since the other nights, linked to the repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench_reports.formatting.repository_links import RepositoryLinks
from wattbench_reports.history.what_changed import NightDifference
from wattbench_reports.wording import night as wording


@dataclass(frozen=True)
class LinkedText:
    """A text that leads to a page of the repository where its host is known."""

    text: str
    href: str | None = None
    detail: str = ""
    """Text after the link."""


@dataclass(frozen=True)
class ShownCommits:
    """The commits and files between two nights."""

    span: LinkedText
    """The two commits."""
    commits: tuple[LinkedText, ...]
    """Newest first; empty where not recorded. The same holds for `files`."""
    more_commits: str
    """How many commits are left out, in words; empty for none. The same holds for `more_files`."""
    files: tuple[LinkedText, ...]
    more_files: str


@dataclass(frozen=True)
class ShownDifference:
    """All that changed since one other night."""

    title: str
    lines: tuple[str, ...]
    """Changed parts of systems, and systems that were added or removed."""
    commits: ShownCommits | None
    uncommitted: str

    @property
    def empty(self) -> bool:
        """Return whether nothing changed."""
        return not (self.lines or self.commits or self.uncommitted)


def shown_differences(differences: Sequence[NightDifference]) -> tuple[ShownDifference, ...]:
    """Write and link what changed since each of the other nights."""
    return tuple(
        ShownDifference(
            title=wording.difference_title(each),
            lines=(*(wording.part_line(part) for part in each.parts), *wording.systems_lines(each)),
            commits=_commits(each),
            uncommitted=wording.uncommitted_line(each) if each.uncommitted else "",
        )
        for each in differences
    )


def _commits(difference: NightDifference) -> ShownCommits | None:
    if difference.commits is None:
        return None
    links = None if difference.remote is None else RepositoryLinks(difference.remote)
    since, now = difference.since, difference.commits[1]
    return ShownCommits(
        span=LinkedText(wording.span(difference.commits), links.compare(*difference.commits) if links else None),
        commits=tuple(
            LinkedText(wording.short_hash(each.commit), links.commit(each.commit) if links else None, each.subject)
            for each in (since.commits if since else ())
        ),
        more_commits="".join(wording.rest(len(since.commits), since.commits_in_all)) if since else "",
        files=tuple(
            LinkedText(each, links.file(each, now) if links else None) for each in (since.files if since else ())
        ),
        more_files="".join(wording.rest(len(since.files), since.files_in_all)) if since else "",
    )
