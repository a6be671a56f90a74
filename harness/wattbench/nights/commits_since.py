"""List what was committed between two nights, so that a changed figure can be traced to a commit and a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from wattbench.nights.nights import KeptRun
from wattbench.records.schema.header import CommitRecord, CommitsSinceRecord
from wattbench.repository import logged_since

MOST_COMMITS = 20
MOST_FILES = 20
_LONGEST = 120
"""Characters of a subject."""


def night_before(runs: Sequence[KeptRun], suite: str, night: date) -> KeptRun | None:
    """Return the last finished run of a suite before a night, with which the night is compared."""
    earlier = [each for each in runs if each.finished and each.suite == suite and each.date < night]
    return earlier[-1] if earlier else None


def commits_since(folder: Path, before: KeptRun) -> CommitsSinceRecord | None:
    """List the commits from an earlier night's commit to the one that is checked out.

    Args:
        folder: in the repository.
        before: the earlier night.

    Returns:
        None where there is no repository, or it does not have the earlier commit, as in a shallow clone.
    """
    logged = None if before.commit is None else logged_since(folder, before.commit)
    if before.commit is None or logged is None:
        return None
    return CommitsSinceRecord(
        run=before.run,
        commit=before.commit,
        commits=tuple(
            CommitRecord(commit=sha, subject=subject[:_LONGEST]) for sha, subject in logged.commits[:MOST_COMMITS]
        ),
        commits_in_all=len(logged.commits),
        files=logged.files[:MOST_FILES],
        files_in_all=len(logged.files),
    )
