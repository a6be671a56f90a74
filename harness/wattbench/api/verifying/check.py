"""Define a check, and make one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wattbench.errors import UserError

_SHOWN = 10
"""Problems of one check that are listed; the rest are counted."""


@dataclass(frozen=True)
class Check:
    """One check of a run, and what it found."""

    name: str
    """``digests``, ``journal``, ``lines``, ``invariants``; and what is computed again: ``tables``, ``power``,
    ``figures``, ``scores``."""
    said: str
    """What was compared with what, in a clause; of a check that could not be made: why."""
    problems: tuple[str, ...] = ()
    """A sentence for each; empty if all is well."""
    made: bool = True
    """Whether it could be made."""
    left_out: tuple[str, ...] = ()
    """What it could not check, and why, in clauses."""


def check(name: str, said: str, problems: Callable[[], Iterable[str]], root: Path) -> Check:
    """Run a check, and return its result. An error in reading the run counts as a problem.

    Args:
        name: of the check; so the next one.
        said: where it finds nothing.
        problems: yields a sentence for each.
        root: of the run, left out of what is said.
    """
    sentences: list[str] = []
    try:
        for problem in problems():
            sentences.append(problem)  # noqa: PERF402  # what was found before an error counts
    except UserError as error:
        sentences.append(without_path(str(error), root))
    return failed(name, sentences) if sentences else Check(name, said)


def failed(name: str, problems: Sequence[str]) -> Check:
    """Return a check that has found problems, the first of which are listed."""
    more = [f"{len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    said = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return Check(name, said, (*problems[:_SHOWN], *more))


def not_made(name: str, why: str) -> Check:
    """Return a check that could not be made."""
    return Check(name, why, made=False)


def without_path(text: str, root: Path) -> str:
    """Return a text without the path of a run."""
    return text.replace(f"{root}{os.sep}", "").replace(f"{root}: ", "")
