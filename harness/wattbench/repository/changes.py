"""List the changes since a commit: those of the working tree, or of later commits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wattbench.repository.git import git, git_or_none, text_or_none

_HASH = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True)
class Changes:
    """Files of a repository that differ between a commit and the working tree, relative to its root, sorted."""

    files: tuple[str, ...]
    """All of them: changed, added, removed, and new ones that git does not ignore."""
    uncommitted: tuple[str, ...]
    """Those that differ from HEAD."""
    new: tuple[str, ...]
    """Those that git neither tracks nor ignores."""


def changes_since(root: Path, sha: str, results: Path) -> Changes:
    """Compare the working tree with a commit.

    Args:
        root: of the repository.
        sha: the commit.
        results: a folder that does not count, nor does compiled Python: running the system makes both.

    Raises:
        UserError: git failed.
    """
    new = {
        name for name in _names(root, "ls-files", "-z", "--others", "--exclude-standard")
        if "__pycache__" not in Path(name).parts and not (root / name).is_relative_to(results.resolve())
    }  # fmt: skip
    since = _names(root, "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", sha)
    uncommitted = _names(root, "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "HEAD")
    return Changes(tuple(sorted(since | new)), tuple(sorted(uncommitted | new)), tuple(sorted(new)))


def ignored_by_git(root: Path, paths: Iterable[Path]) -> frozenset[Path]:
    """Return the paths that git ignores.

    Raises:
        UserError: git is not installed.
    """
    return frozenset(
        path for path in paths
        if git_or_none(root, "check-ignore", "--quiet", "--", str(path), what="git check-ignore") is not None
    )  # fmt: skip


@dataclass(frozen=True)
class LoggedChanges:
    """The commits since an earlier commit, and the files that they changed."""

    commits: tuple[tuple[str, str], ...]
    """(Hash, subject), newest first."""
    files: tuple[str, ...]
    """Those that differ, relative to the root of the repository."""


def logged_since(folder: Path, sha: str) -> LoggedChanges | None:
    """List the commits since an earlier commit, and the files that they changed.

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


def _names(root: Path, *arguments: str) -> set[str]:
    return set(git(root, *arguments, what=f"git {arguments[0]}").split("\0")) - {""}
