"""Read the git repository of a suite: its commits, a base to compare with, and what has changed since."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattbench.errors import UserError, nearest
from wattbench.folder_aside import folder_aside, remove_left

_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""Variables that git sets for its hooks: they would point commands for another folder at the hook's repository."""

_SETTINGS = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false")
"""Instead of the repository's own: it may be anybody's, and the first two name programs."""


def git(folder: Path, *arguments: str, what: str) -> str:
    """Run git in a folder, without its repository's hooks and file monitor, and return git's output.

    It asks for no password. Filters of a repository still run where its files are compared or checked out.

    Args:
        folder: where it runs.
        arguments: of git.
        what: what a message begins with.

    Raises:
        UserError: git is not installed, or it failed; the message has its first line.
    """
    done = _run(folder, *arguments, what=what)
    if done.returncode:
        raise UserError(f"{what}: {_first_line(done.stderr)}")
    return done.stdout


def _git_or_none(folder: Path, *arguments: str, what: str) -> str | None:
    """Run git as `git` does, and return git's output; None if it fails.

    Raises:
        UserError: git is not installed.
    """
    done = _run(folder, *arguments, what=what)
    return None if done.returncode else done.stdout


def _text_or_none(folder: Path, *arguments: str) -> str | None:
    """Run git as `git` does, and return git's output, invalid bytes replaced; None if it fails.

    Also None where git is not installed: what a record says of a repository is then not known.
    """
    try:
        printed = _git_or_none(folder, *arguments, what="git")
    except UserError:
        return None
    return None if printed is None else printed.encode(errors="surrogateescape").decode(errors="replace")


def _run(folder: Path, *arguments: str, what: str) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    settings = [part for each in _SETTINGS for part in ("-c", each)]
    command = ["git", "-C", str(folder), *settings, *arguments]
    variables["GIT_TERMINAL_PROMPT"] = "0"
    try:
        return subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise UserError(f"{what}: git cannot be started ({error.strerror}); is it installed?") from error


def _first_line(text: str) -> str:
    return next((line.removeprefix("fatal: ") for line in text.splitlines() if line.strip()), "git failed")


_WORKTREE_PREFIX = "wattbench-"


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
    folder = _temporary_folder() / f"{_WORKTREE_PREFIX}{secrets.token_hex(4)}" if at is None else _again(root, at)
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
                _git_or_none(root, "worktree", "remove", "--force", "--force", str(tree), what="a worktree")
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
    if folder is None or not folder.name.startswith(_WORKTREE_PREFIX) or folder.parent != _temporary_folder():
        raise UserError(f"{at}: not a folder in which wattbench checks out a commit; the record is damaged")
    return folder


def _remove_left(root: Path) -> None:
    """Remove the worktrees that killed processes left."""
    listed = _git_or_none(root, "worktree", "list", "--porcelain", what="a worktree") or ""
    for line in listed.splitlines():
        tree = Path(line.removeprefix("worktree "))
        folder = _folder_of(root, tree) if line.startswith("worktree ") else None
        if folder is None or not folder.name.startswith(_WORKTREE_PREFIX) or folder.parent != _temporary_folder():
            continue
        remove_left([folder])
        if not folder.exists():
            _git_or_none(root, "worktree", "remove", "--force", "--force", str(tree), what="a worktree")


def _temporary_folder() -> Path:
    return Path(tempfile.gettempdir()).resolve()


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


def _root_of(folder: Path, what: str) -> Path:
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
    root = _root_of(suite.parent, str(suite))
    return Repository(root, suite.relative_to(root))


def suite_files(folder: Path, what: str) -> list[Path]:
    """List the YAML files of a folder's repository that git does not ignore.

    Raises:
        UserError: it is in none.
    """
    root = _root_of(folder, what)
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.yaml", "*.yml",
                 what=what)  # fmt: skip
    return sorted(root / name for name in set(listed.split("\0")) if name and (root / name).is_file())


def _commit(line: str) -> Commit:
    sha, committed_s = line.split()
    return Commit(sha, datetime.fromtimestamp(int(committed_s), UTC).date())


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
    if _sha(root, "HEAD", what) is None:
        raise UserError(f"{what}: the repository {root} has no commit yet; commit the system in use first")
    name = given if _sha(root, given, what) is not None else _of_a_remote(root, given, what)
    if name is None:
        raise UserError(f"{what}: {_why_unknown(root, given, what)}")
    tip = _sha(root, name, what)
    assert tip is not None  # it was found above
    if not _is_branch(root, name, what):
        return BaseCommit(given, tip, f"{given} ({tip[:10]})" if not tip.startswith(given) else f"commit {tip[:10]}")
    sha = (_git_or_none(root, "merge-base", "HEAD", tip, what=what) or "").strip()
    if not sha:
        raise UserError(f"{what}: {_why_apart(root, name, what)}")
    where = "its last commit" if sha == tip else "where HEAD left it"
    return BaseCommit(given, sha, f"{name}, {where} ({sha[:10]})")


def _sha(root: Path, name: str, what: str) -> str | None:
    sha = _git_or_none(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", what=what)
    return None if sha is None else sha.strip()


def _of_a_remote(root: Path, given: str, what: str) -> str | None:
    """Return the remote branch of this name, preferably of `origin`; None without one."""
    names = [name for name in _references(root, _REMOTE, what) if name.partition("/")[2] == given]
    return min(names, key=lambda name: not name.startswith("origin/"), default=None)


def _references(root: Path, under: str, what: str) -> list[str]:
    listed = git(root, "for-each-ref", "--format=%(refname)", under, what=what).split()
    return [name.removeprefix(under) for name in listed if not name.endswith("/HEAD")]


def _is_branch(root: Path, name: str, what: str) -> bool:
    full = _git_or_none(root, "rev-parse", "--symbolic-full-name", "--end-of-options", name, what=what) or ""
    return full.replace("--end-of-options", "").strip().startswith(("refs/heads/", _REMOTE))


def _why_unknown(root: Path, given: str, what: str) -> str:
    known = [name for under in ("refs/heads/", "refs/tags/", _REMOTE) for name in _references(root, under, what)]
    unknown = f"no branch, tag or commit of this name in {root}{nearest(given, known)}"
    if _is_shallow(root, what):
        return (
            f"{unknown}. This clone is shallow, and may lack it. Run: git fetch --unshallow origin. In a GitHub "
            "workflow give actions/checkout fetch-depth: 0; in GitLab set GIT_DEPTH to 0"
        )
    if _git_or_none(root, "remote", "get-url", "origin", what=what) is not None:
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
    return (_git_or_none(root, "rev-parse", "--is-shallow-repository", what=what) or "").strip() == "true"


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
        if _git_or_none(root, "check-ignore", "--quiet", "--", str(path), what="git check-ignore") is not None
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
    log = _text_or_none(folder, "log", "-z", "--format=%H %s", f"{sha}..HEAD", "--")
    changed = _text_or_none(folder, "diff", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative",
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


MOST_FILES = 20
"""The number of uncommitted files that a record names at most."""

_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//).+)")
"""The short form of an address by SSH: ``git@example.org:owner/name.git``."""

_SAFE_HOST = re.compile(r"[A-Za-z0-9.-]+")
_SAFE_PATH = re.compile(r"[A-Za-z0-9._~/-]+")


def repository_state(folder: Path) -> dict[str, Any]:
    """Return the state of the git repository of a folder, as a run records it.

    ``commit`` is None outside a repository. ``repository`` is ``{"remote": URL or None, "uncommitted": [first files],
    "uncommitted_files": number}``, or None there.
    """
    if _text_or_none(folder, "rev-parse", "--git-dir") is None:
        return {"commit": None, "commit_dirty": False, "repository": None}
    files = _changed_paths(_text_or_none(folder, "status", "--porcelain", "-z") or "")
    return {
        "commit": (_text_or_none(folder, "rev-parse", "--verify", "--quiet", "HEAD") or "").strip() or None,
        "commit_dirty": bool(files),
        "repository": {
            "remote": _remote(folder),
            "uncommitted": files[:MOST_FILES],
            "uncommitted_files": len(files),
        },
    }


def web_address(remote: str) -> str | None:
    """Return the https address of a remote's web page, host and path alone.

    User, password, query and fragment may be secret and are left out. A path on this machine is none.
    """
    short = _SCP.fullmatch(remote) if "://" not in remote else None
    if short is not None:
        return _address("https", short["host"], short["path"])
    try:
        parts = urlsplit(remote)
        port = parts.port
    except ValueError:
        return None
    if parts.hostname is None or parts.scheme not in ("http", "https", "ssh", "git"):
        return None
    if parts.scheme in ("http", "https"):
        return _address(parts.scheme, f"{parts.hostname}:{port}" if port else parts.hostname, parts.path)
    return _address("https", parts.hostname, parts.path)


def _address(scheme: str, host: str, path: str) -> str | None:
    path = path.strip("/").removesuffix(".git")
    if not _SAFE_HOST.fullmatch(host.partition(":")[0]) or not _SAFE_PATH.fullmatch(path) or ".." in path:
        return None
    return f"{scheme}://{host}/{path}"


def _remote(folder: Path) -> str | None:
    """Return the web address of the remote ``origin``, else of the only remote; None without either."""
    remotes = (_text_or_none(folder, "remote") or "").split()
    name = "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None
    url = None if name is None else _text_or_none(folder, "remote", "get-url", name)
    return None if url is None else web_address(url.strip())


def _changed_paths(status: str) -> list[str]:
    """Return the changed paths in the output of ``git status --porcelain -z``; of a renamed file, the new path."""
    entries = iter(status.split("\0"))
    files = []
    for entry in entries:
        if len(entry) > 3:
            files.append(entry[3:])
            if "R" in entry[:2] or "C" in entry[:2]:
                next(entries, None)  # the old path
    return files
