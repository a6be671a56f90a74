"""List the commits and files between an earlier commit and the one that is checked out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from wattbench.repository.git import text_or_none

_HASH = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class LoggedChanges:
    """What was committed since an earlier commit."""

    commits: tuple[tuple[str, str], ...]
    """(Hash, subject), newest first."""
    files: tuple[str, ...]
    """Those that differ, relative to the root of the repository."""


def logged_since(folder: Path, sha: str) -> LoggedChanges | None:
    """List what was committed since an earlier commit.

    Args:
        folder: in the repository.
        sha: the hash of the earlier commit.

    Returns:
        None where there is no repository, or it does not have that commit, as in a shallow clone.
    """
    if not _HASH.fullmatch(sha):
        return None
    log = text_or_none(folder, "log", "-z", "--format=%H %s", f"{sha}..HEAD", "--")
    changed = text_or_none(folder, "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative",
                   f"{sha}..HEAD", "--")  # fmt: skip
    if log is None or changed is None:
        return None
    commits = (line.partition(" ") for line in log.split("\0") if line)
    return LoggedChanges(
        commits=tuple((commit, subject) for commit, _, subject in commits),
        files=tuple(path for path in changed.split("\0") if path),
    )
