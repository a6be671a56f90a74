"""Find the commit that a working tree is compared with, as pull requests mean it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError, nearest
from wattbench.repository.git import git, git_or_none

_REMOTE = "refs/remotes/"


@dataclass(frozen=True)
class BaseCommit:
    """The commit that a working tree is compared with."""

    given: str
    """How the user named it: a branch, a tag or a commit."""
    sha: str
    description: str
    """Which commit that is, in words: ``main, where this branch left it (3f2a91c)``."""


def find_base(root: Path, given: str) -> BaseCommit:
    """Return the commit that `--base` names: of a branch, its merge base with HEAD.

    A branch means the commit where HEAD left it (the merge base), so that what others have merged since does not count
    for or against the candidate: what a pull request shows as its changes. A tag or a commit means itself. Where there
    is no local branch of the name, as in a CI's checkout, a remote's branch is taken.

    Args:
        root: of the repository.
        given: a branch, a tag or a commit, as git understands them.

    Raises:
        UserError: there is no such commit here, or a branch and HEAD have no commit in common; the message says what
            to fetch.
    """
    what = f"--base {given}"
    if _commit(root, "HEAD", what) is None:
        raise UserError(f"{what}: the repository {root} has no commit yet; commit the system in use first")
    name = given if _commit(root, given, what) is not None else _of_a_remote(root, given, what)
    if name is None:
        raise UserError(f"{what}: {_why_unknown(root, given, what)}")
    tip = _commit(root, name, what)
    assert tip is not None  # it was found above
    if not _is_branch(root, name, what):
        return BaseCommit(given, tip, f"{given} ({tip[:10]})" if not tip.startswith(given) else f"commit {tip[:10]}")
    sha = (git_or_none(root, "merge-base", "HEAD", tip, what=what) or "").strip()
    if not sha:
        raise UserError(f"{what}: {_why_apart(root, name, what)}")
    where = "its last commit" if sha == tip else "where HEAD left it"
    return BaseCommit(given, sha, f"{name}, {where} ({sha[:10]})")


def _commit(root: Path, name: str, what: str) -> str | None:
    sha = git_or_none(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", what=what)
    return None if sha is None else sha.strip()


def _of_a_remote(root: Path, given: str, what: str) -> str | None:
    """Return the remote branch of this name, preferably of `origin`; None without one."""
    names = [name for name in _references(root, _REMOTE, what) if name.partition("/")[2] == given]
    return min(names, key=lambda name: not name.startswith("origin/"), default=None)


def _references(root: Path, under: str, what: str) -> list[str]:
    listed = git(root, "for-each-ref", "--format=%(refname)", under, what=what).split()
    return [name.removeprefix(under) for name in listed if not name.endswith("/HEAD")]


def _is_branch(root: Path, name: str, what: str) -> bool:
    full = git_or_none(root, "rev-parse", "--symbolic-full-name", "--end-of-options", name, what=what) or ""
    return full.replace("--end-of-options", "").strip().startswith(("refs/heads/", _REMOTE))


def _why_unknown(root: Path, given: str, what: str) -> str:
    known = [name for under in ("refs/heads/", "refs/tags/", _REMOTE) for name in _references(root, under, what)]
    unknown = f"no branch, tag or commit of this name in {root}{nearest(given, known)}"
    if _is_shallow(root, what):
        return (
            f"{unknown}. This clone is shallow, and may lack it. Run: git fetch --unshallow origin. In a GitHub "
            "workflow give actions/checkout fetch-depth: 0; in GitLab set GIT_DEPTH to 0"
        )
    if git_or_none(root, "remote", "get-url", "origin", what=what) is not None:
        return f"{unknown}. If it is on the remote, run: git fetch origin {given}"
    return unknown


def _why_apart(root: Path, name: str, what: str) -> str:
    if _is_shallow(root, what):
        return (
            f"this clone is shallow, and does not reach the commit where HEAD left {name}. Run: git fetch --unshallow "
            "origin. In a GitHub workflow give actions/checkout fetch-depth: 0, or name HEAD^1 with fetch-depth: 2; in "
            "GitLab set GIT_DEPTH to 0"
        )
    return f"HEAD and {name} have no commit in common; name a commit to compare with"


def _is_shallow(root: Path, what: str) -> bool:
    return (git_or_none(root, "rev-parse", "--is-shallow-repository", what=what) or "").strip() == "true"
