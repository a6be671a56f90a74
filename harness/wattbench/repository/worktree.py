"""Check out a commit next to the working tree, for as long as it is needed."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wattbench.errors import UserError
from wattbench.repository.git import git, git_or_none

_PREFIX = "wattbench-"


@contextlib.contextmanager
def worktree(root: Path, sha: str, at: Path | None = None) -> Iterator[Path]:
    """Yield a folder with the files of a commit; it is removed afterwards.

    It is as deep in a temporary folder as the repository is in the file system, so that a relative path which leaves
    the repository stays in the temporary folder: see `outside`.

    Args:
        root: of the repository.
        sha: the commit.
        at: where an earlier worktree of this kind was, to have it there again; None: a new folder.

    Raises:
        UserError: it cannot be checked out, or `at` is not a folder that this made.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve() if at is None else _again(root, at)
    tree = folder / root.relative_to(root.anchor)
    try:
        git(root, "worktree", "add", "--detach", str(tree), sha, what="a worktree")
        yield tree
    finally:
        # If it was never made, that error is on its way already.
        git_or_none(root, "worktree", "remove", "--force", "--force", str(tree), what="a worktree")
        shutil.rmtree(folder, ignore_errors=True)


def outside(path: Path, root: Path, tree: Path) -> Path | None:
    """Return the real place of a path that leaves a worktree into its temporary folder; None for any other path."""
    folder = _folder_of(root, tree)
    if path.is_relative_to(tree) or folder is None or not path.is_relative_to(folder):
        return None
    return Path(root.anchor) / path.relative_to(folder)


def _folder_of(root: Path, tree: Path) -> Path | None:
    """Return the temporary folder of a worktree of a repository."""
    depth = len(root.relative_to(root.anchor).parts)
    folder = tree.parents[depth - 1] if 0 < depth <= len(tree.parents) else None
    return folder if folder is not None and folder / root.relative_to(root.anchor) == tree else None


def _again(root: Path, at: Path) -> Path:
    """Make the temporary folder of an earlier worktree ready, and remove what an interruption left there."""
    folder = _folder_of(root, at)
    if folder is None or not folder.name.startswith(_PREFIX) or folder.parent != Path(tempfile.gettempdir()).resolve():
        raise UserError(f"{at}: not a folder in which wattbench checks out a commit; the record is damaged")
    if at.exists():
        git(root, "worktree", "remove", "--force", "--force", str(at), what="a worktree that an interruption left")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder
