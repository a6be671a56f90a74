"""List the commits of the repository of a suite, and check one out for as long as it is needed."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from wattbench.errors import UserError


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
        """Return the commits of a range ``A..B``, or a single one, oldest first. Of a merge, the branch that was merged
        into.

        Raises:
            UserError: there is no such commit or range, or the range is empty.
        """
        which = [wanted] if ".." in wanted else ["--no-walk", wanted]
        log = self._git("log", "--reverse", "--first-parent", "--format=%H %ct", *which[:-1], "--end-of-options",
                         which[-1], "--", what=f"--commit {wanted}")  # fmt: skip
        commits = [_commit(line) for line in log.splitlines()]
        if not commits:
            raise UserError(f"--commit {wanted}: there is no commit in this range")
        return commits

    @contextlib.contextmanager
    def checked_out(self, commit: Commit) -> Iterator[Path]:
        """Yield the suite file as it was at a commit, in a worktree of its own that is removed afterwards.

        Raises:
            UserError: it cannot be checked out, or the suite was not there.
        """
        with tempfile.TemporaryDirectory(prefix="wattbench-") as folder:
            tree = Path(folder).resolve() / self.root.name
            try:
                self._git("worktree", "add", "--detach", str(tree), commit.sha, what="a worktree")
                if not (tree / self.suite).is_file():
                    raise UserError(f"{self.suite} does not exist at this commit")
                yield tree / self.suite
            finally:
                with contextlib.suppress(UserError):  # it was never made: that error is on its way already
                    self._git("worktree", "remove", "--force", "--force", str(tree), what="a worktree")

    def _git(self, *arguments: str, what: str) -> str:
        try:
            done = subprocess.run(["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True)
        except OSError as error:
            raise UserError(f"{what}: git cannot be started ({error.strerror})") from error
        except subprocess.CalledProcessError as error:
            raise UserError(f"{what}: {_first_line(error.stderr)}") from error
        return done.stdout


def repository_of(suite: Path) -> Repository:
    """Return the repository of a suite file.

    Raises:
        UserError: it is in none.
    """
    suite = suite.resolve()
    here = Repository(suite.parent, Path(suite.name))
    root = Path(here._git("rev-parse", "--show-toplevel", what=str(suite)).strip())
    return Repository(root, suite.relative_to(root.resolve()))


def _commit(line: str) -> Commit:
    sha, committed_s = line.split()
    return Commit(sha, datetime.fromtimestamp(int(committed_s), UTC).date())


def _first_line(text: str) -> str:
    return next((line.removeprefix("fatal: ") for line in text.splitlines() if line.strip()), "git failed")
