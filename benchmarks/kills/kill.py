"""Kill a command, resume it as its user would, and compare what it made with what it makes undisturbed."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.kills.checks import after_kill, after_resumption, left_behind
from benchmarks.kills.moments import WHEN
from benchmarks.kills.records import runs_in, whole_lines
from benchmarks.kills.subjects import Subject
from benchmarks.kills.work_folder import Done, WorkFolder


@dataclass(frozen=True)
class Undisturbed:
    """A command that was not killed."""

    subject: Subject
    place: WorkFolder
    """A folder with the files that it begins with."""
    result: Any
    """None: not known."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True)
class Kill:
    """One kill and its outcome."""

    subject: str
    moment: str
    """As `moments` has it, or how many seconds after the command began."""
    killed: int
    """Processes that were killed: 1, or 2 where the resumption was killed too; 0: the command had ended before."""
    answers: int
    """Complete lines of answers when the process was killed."""
    answers_in_the_end: int
    """Complete lines of answers when all had ended: those of what was interrupted stay on record."""
    problems: tuple[str, ...]

    @property
    def chosen(self) -> bool:
        """Return whether the moment was chosen and not drawn at random."""
        return self.moment.split()[0] in WHEN


def prepared(subject: Subject, folder: Path, place: WorkFolder) -> Undisturbed:
    """Prepare a folder, and run nothing in it. The arguments are those of `undisturbed`."""
    begun = WorkFolder(folder / "begun", place.environment)
    begun.folder.mkdir(parents=True)
    subject.prepare(begun)
    return Undisturbed(subject, begun, None, 0.0)


def undisturbed(subject: Subject, folder: Path, place: WorkFolder) -> Undisturbed:
    """Prepare a folder, and run a command in a copy of it to its end.

    Args:
        subject: the command.
        folder: for the two folders.
        place: whose settings they have.

    Raises:
        RuntimeError: the command failed, or left something behind.
    """
    place = prepared(subject, folder, place).place
    copy = place.copied(folder / "reference")
    started_s = time.monotonic()
    done = copy.run(*subject.arguments(copy.folder))
    seconds = time.monotonic() - started_s
    problems = [*_failed(subject, done), *left_behind(copy.folder)]
    if problems:
        raise RuntimeError(f"{subject.name}, undisturbed: {problems}\n{done.stderr}")
    return Undisturbed(subject, place, subject.result(copy), seconds)


def kill(of: Undisturbed, folder: Path, *, moment: str = "", after_s: Sequence[float] = ()) -> Kill:
    """Kill a command in a folder of its own, resume it, and check everything; the folder is removed if all is well.

    Args:
        of: the command.
        folder: not there yet.
        moment: at which it is killed.
        after_s: else, how many seconds after it began; a second figure kills its resumption too.
    """
    subject, place = of.subject, of.place.copied(folder)
    problems: list[str] = []
    killed = 0
    first = place.killed(*subject.arguments(folder), moment=moment, after_s=after_s[0] if after_s else None)
    killed += _was_killed(first)
    if moment and not killed:
        problems.append(f"the moment never came: {first.stderr[-300:]}")
    problems += _after_kill(place)
    before = whole_lines(folder)
    answers = _answers(before)
    for seconds in after_s[1:]:
        if (words := subject.again(folder)) is None:
            break
        again = place.killed(*words, after_s=seconds)
        killed += _was_killed(again)
        problems += [] if _was_killed(again) else _failed(subject, again)
        problems += _after_kill(place)
        before |= whole_lines(folder)
    if killed and (words := subject.again(folder)) is not None:
        problems += _failed(subject, place.run(*words))
    for root in _new_runs(folder):
        problems += after_resumption(root, before)
    problems += left_behind(folder)
    if not problems and of.result is not None and (result := subject.result(place)) != of.result:
        problems.append(f"another result than undisturbed: {_difference(result, of.result)}")
    in_the_end = _answers(whole_lines(folder))
    if not problems:
        shutil.rmtree(folder)
    when = moment or ", then ".join(f"{seconds:.2f} s" for seconds in after_s)
    return Kill(subject.name, when, killed, answers, in_the_end, tuple(problems))


def _was_killed(done: Done) -> bool:
    return done.returncode == -signal.SIGKILL


def _failed(subject: Subject, done: Done) -> list[str]:
    if done.returncode in subject.exits and "Traceback" not in done.stderr:
        return []
    return [f"exit code {done.returncode}: {done.stderr.strip()[-600:]}"]


def _after_kill(place: WorkFolder) -> list[str]:
    problems = [f"still runs: {process}" for process in place.left_over()]
    for root in _new_runs(place.folder):
        problems += after_kill(root)
    return problems


def _new_runs(folder: Path) -> list[Path]:
    return [*runs_in(folder / "runs"), *runs_in(folder / "nights/runs")]


def _answers(lines: dict[Path, bytes]) -> int:
    return sum(data.count(b"\n") for path, data in lines.items() if "items" in path.parts)


def _difference(result: Any, expected: Any) -> str:
    if isinstance(result, list | tuple) and isinstance(expected, list | tuple) and len(result) == len(expected):
        return next(_difference(a, b) for a, b in zip(result, expected, strict=True) if a != b)
    if isinstance(result, list) and isinstance(expected, list):
        return f"{len(result)} in place of {len(expected)}"
    return f"{result!r:.200} in place of {expected!r:.200}"
