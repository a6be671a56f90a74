"""Run missed nights later, each at its commit and in a process of its own."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside, remove_left
from wattbench.nights.layout import NightsLayout
from wattbench.records import RunLayout
from wattbench.records.files.atomic_write import move_into_place
from wattbench.repository import Commit, Repository

STOPPING_S = 60.0
"""How long a run that is interrupted may take to close its windows."""


@dataclass(frozen=True)
class Filled:
    """The result of running a missed night at one commit."""

    commit: Commit
    root: Path | None
    """Its run in the history; None if there is none."""
    why_not: str = ""


def backfill(
    layout: NightsLayout,
    repository: Repository,
    commits: Iterable[Commit],
    command: Callable[[Path, Path, Commit], Sequence[str]],
) -> Iterator[Filled]:
    """Run a suite at each of some commits, one after the other. A failure does not stop the others.

    Each is run by a process of its own, which imports that commit's code and no other's. Its
    run is kept aside until it is finished, as half of one could not be resumed once its worktree is gone.

    Args:
        layout: of the history.
        repository: of the suite.
        commits: in the order in which they are run.
        command: makes the command that runs it, from the suite file as it was, the folder for the run and the commit.
    """
    remove_left(layout.aside.glob("*.backfill"))
    for commit in commits:
        with folder_aside(layout.aside / f"{secrets.token_hex(6)}.backfill") as staging:
            try:
                with repository.checked_out(commit) as suite:
                    code = _run(command(suite, staging, commit))
                yield _kept(layout, staging, commit, code)
            except UserError as error:
                yield Filled(commit, None, str(error))


def _run(command: Sequence[str]) -> int:
    """Run a command to its end, and pass an interruption on to it.

    Its messages go to ours. If this process is killed, its standard input ends, which it takes as an interruption too.
    """
    # In a session of its own: Ctrl-C reaches it once, from here, and not a second time from the terminal.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            try:
                process.wait(timeout=STOPPING_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def _kept(layout: NightsLayout, staging: Path, commit: Commit, code: int) -> Filled:
    if code != 0:
        return Filled(commit, None, f"its run ended with exit code {code}; see its messages above")
    root = next(path for path in NightsLayout(staging).runs.iterdir() if RunLayout(path).finished.exists())
    kept = layout.runs / root.name
    move_into_place(root, kept, failure="the run cannot be moved into the history")
    return Filled(commit, kept)
