"""Check out a commit next to the working tree, for a while."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside, remove_left
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
    folder = _temporary_folder() / f"{_PREFIX}{secrets.token_hex(4)}" if at is None else _again(root, at)
    _remove_left(root)
    remove_left([folder])  # where it was killed before git knew of it
    tree = folder / root.relative_to(root.anchor)
    try:
        with folder_aside(folder):
            try:
                git(root, "worktree", "add", "--detach", str(tree), sha, what="a worktree")
                yield tree
            finally:
                # If it was never made, that error is on its way already.
                git_or_none(root, "worktree", "remove", "--force", "--force", str(tree), what="a worktree")
    except OSError as error:
        raise UserError(f"{folder}: a commit cannot be checked out here ({error.strerror})") from error


def outside(path: Path, root: Path, tree: Path) -> Path | None:
    """Return the real path of a file outside the repository to which a worktree refers by ``..``, else None."""
    folder = _folder_of(root, tree)
    if path.is_relative_to(tree) or folder is None or not path.is_relative_to(folder):
        return None
    return Path(root.anchor) / path.relative_to(folder)


def _folder_of(root: Path, tree: Path) -> Path | None:
    """Return the temporary folder that holds a repository's worktree; None if the path is no such worktree."""
    depth = len(root.relative_to(root.anchor).parts)
    folder = tree.parents[depth - 1] if 0 < depth <= len(tree.parents) else None
    return folder if folder is not None and folder / root.relative_to(root.anchor) == tree else None


def _again(root: Path, at: Path) -> Path:
    """Return the temporary folder in which an earlier process had its worktree."""
    folder = _folder_of(root, at)
    if folder is None or not folder.name.startswith(_PREFIX) or folder.parent != _temporary_folder():
        raise UserError(f"{at}: not a folder in which wattbench checks out a commit; the record is damaged")
    return folder


def _remove_left(root: Path) -> None:
    """Remove the worktrees that killed processes left."""
    listed = git_or_none(root, "worktree", "list", "--porcelain", what="a worktree") or ""
    for line in listed.splitlines():
        tree = Path(line.removeprefix("worktree "))
        folder = _folder_of(root, tree) if line.startswith("worktree ") else None
        if folder is None or not folder.name.startswith(_PREFIX) or folder.parent != _temporary_folder():
            continue
        remove_left([folder])
        if not folder.exists():
            git_or_none(root, "worktree", "remove", "--force", "--force", str(tree), what="a worktree")


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()).resolve()
