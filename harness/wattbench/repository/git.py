"""Run git in a folder, and turn its failures into errors for people."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from wattbench.errors import UserError

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


def git_or_none(folder: Path, *arguments: str, what: str) -> str | None:
    """Run git as `git` does, and return git's output; None if it fails.

    Raises:
        UserError: git is not installed.
    """
    done = _run(folder, *arguments, what=what)
    return None if done.returncode else done.stdout


def text_or_none(folder: Path, *arguments: str) -> str | None:
    """Run git as `git` does, and return git's output, invalid bytes replaced; None if it fails.

    Also None where git is not installed: what a record says of a repository is then not known.
    """
    try:
        printed = git_or_none(folder, *arguments, what="git")
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
