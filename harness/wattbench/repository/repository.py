"""Find the repository of a suite, list its commits, and check one out for a while."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from wattbench.errors import UserError
from wattbench.repository.git import git
from wattbench.repository.worktree import worktree


@dataclass(frozen=True)
class Commit:
    """One commit."""

    sha: str
    date: date
    """When it was committed, UTC."""


@dataclass(frozen=True)
class Repository:
    """The git repository of a suite."""

    root: Path
    suite: Path
    """Path of the suite file, relative to the root."""

    def commits(self, wanted: str) -> list[Commit]:
        """Return the commits of a range ``A..B``, oldest first, or a single commit.

        Of a merge, the commits of the branch that was merged into are listed.

        Raises:
            UserError: there is no such commit or range, or the range is empty.
        """
        which = [wanted] if ".." in wanted else ["--no-walk", wanted]
        log = git(self.root, "log", "--reverse", "--first-parent", "--format=%H %ct", *which[:-1], "--end-of-options",
                  which[-1], "--", what=f"--commit {wanted}")  # fmt: skip
        commits = [_commit(line) for line in log.splitlines()]
        if not commits:
            raise UserError(f"--commit {wanted}: there is no commit in this range")
        return commits

    @contextlib.contextmanager
    def checked_out(self, commit: Commit) -> Iterator[Path]:
        """Yield the path of the suite file in a temporary worktree of a commit, which is removed afterwards.

        Raises:
            UserError: it cannot be checked out, or the suite was not there.
        """
        with worktree(self.root, commit.sha) as tree:
            if not (tree / self.suite).is_file():
                raise UserError(f"{self.suite} does not exist at this commit")
            yield tree / self.suite


def root_of(folder: Path, what: str) -> Path:
    """Return the root of the repository that a folder is in.

    Raises:
        UserError: it is in none.
    """
    return Path(git(folder, "rev-parse", "--show-toplevel", what=what).strip()).resolve()


def repository_of(suite: Path) -> Repository:
    """Return the repository of a suite file.

    Raises:
        UserError: it is in none.
    """
    suite = suite.resolve()
    root = root_of(suite.parent, str(suite))
    return Repository(root, suite.relative_to(root))


def suite_files(folder: Path, what: str) -> list[Path]:
    """List the YAML files of a folder's repository that git does not ignore.

    Raises:
        UserError: it is in none.
    """
    root = root_of(folder, what)
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.yaml", "*.yml",
                 what=what)  # fmt: skip
    return sorted(root / name for name in set(listed.split("\0")) if name and (root / name).is_file())


def _commit(line: str) -> Commit:
    sha, committed_s = line.split()
    return Commit(sha, datetime.fromtimestamp(int(committed_s), UTC).date())
