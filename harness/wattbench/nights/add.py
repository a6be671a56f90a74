"""Add finished runs to a history, each completely or not at all, from any number of processes."""

from __future__ import annotations

import hashlib
import secrets
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError
from wattbench.folder_aside import folder_aside, remove_left
from wattbench.nights.nights import RUN_NAME, NightsLayout, date_of
from wattbench.records import RunLayout, RunWriter, read_run
from wattbench.records.files.atomic_write import failing_as, move_into_place
from wattbench.records.files.regular_file import MOST_BYTES, copy_record, open_record
from wattbench.records.verified_files import check_unchanged
from wattbench.repository import Commit, Repository


@dataclass(frozen=True)
class Added:
    """The result of adding one run."""

    root: Path
    """Its directory in the history."""
    new: bool
    """False if the same run was there already."""


def add_runs(layout: NightsLayout, roots: Sequence[Path]) -> list[Added]:
    """Copy finished runs into a history. All are checked before the first is copied.

    Raises:
        UserError: one is not finished, is damaged, or has the name of another run in the history; or the disk is full.
    """
    layout = layout.created()
    names = [_name(root) for root in roots]
    remove_left(layout.aside.glob("*.in"))
    return [_add(layout, root, name) for root, name in zip(roots, names, strict=True)]


def _name(root: Path) -> str:
    records = read_run(root)
    if not records.finished:
        raise UserError(f"{root}: the run is not finished. Finish it with: wattbench run --resume {root}")
    if records.header.gate is not None:
        raise UserError(f"{root}: the run of a gate asks as few items as possible, and cannot be a night")
    name = records.header.run
    if not isinstance(name, str) or not RUN_NAME.fullmatch(name):
        raise UserError(f"{root}: {name!r:.80} is not a valid run name; the record is damaged")
    check_unchanged(records)
    date_of(records.header)  # a night without a date could never be shown
    for path in root.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UserError(f"{path}: a run may hold files and folders only; it is not added")
    return name


def _add(layout: NightsLayout, root: Path, name: str) -> Added:
    target = layout.runs / name
    if target.exists():
        return _there_already(root, target)
    failure = "the run cannot be copied into the history"
    with failing_as(target, failure), folder_aside(layout.aside / f"{secrets.token_hex(6)}.in") as folder:
        copy = folder / name
        _copy(root, copy)
        try:
            move_into_place(copy, target, failure=failure)  # fails where another process was faster
        except UserError:
            if not target.exists():
                raise
            return _there_already(root, target)
    return Added(target, new=True)


def _copy(root: Path, copy: Path) -> None:
    """Copy a run up to the first error: `shutil.copytree` would go on with the next file on a full disk.

    Raises:
        OSError: the disk refuses a file.
    """
    copy.mkdir()
    for path in sorted(root.rglob("*")):
        target = copy / path.relative_to(root)
        if path.is_dir():
            target.mkdir()
        elif path != RunLayout(root).lock:
            copy_record(path, target)


def _there_already(root: Path, target: Path) -> Added:
    """Add the labels of a run that is in the history, as people may have given some since; nothing else may differ."""
    if _content(root) != _content(target):
        raise UserError(
            f"{root}: the history has another run of this name with other content: {target}. A history is never "
            "overwritten"
        )
    known = read_run(target).labels()
    if further := [row for row in read_run(root).labels() if row not in known]:
        with RunWriter(target) as writer:
            writer.append_labels(further)
    return Added(target, new=False)


def _content(root: Path) -> dict[str, str]:
    """Map the relative path of every file of a run to its SHA-256, but of the labels that are added later."""
    not_held = (RunLayout(root).lock, RunLayout(root).labels)
    files = (path for path in root.rglob("*") if path.is_file() and path not in not_held)
    digests = {}
    for path in files:
        with open_record(path, MOST_BYTES) as file:
            digests[path.relative_to(root).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return digests


_STOPPING_S = 60.0
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
                process.wait(timeout=_STOPPING_S)
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
