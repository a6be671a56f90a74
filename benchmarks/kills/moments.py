"""Name a moment of a command by its call of the disk, and kill its process group there.

A moment is the n-th call of `os.fsync`, `os.replace`, `os.rename`, `os.symlink` or `os.mkdir` on a path that matches a
pattern: before the call, after it, or amid it. A kill amid a write leaves a part of a line, or of a file under its
temporary name: the second half of what was written last is cut off before the kill.
"""

from __future__ import annotations

import fnmatch
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

WHEN = ("before", "after", "amid")
PATH_AT = {"fsync": 0, "replace": 1, "rename": 1, "symlink": 1, "mkdir": 0}
"""Which argument of a call is the path, or a file descriptor, that a moment names."""


@dataclass(frozen=True)
class Moment:
    """When a command is killed."""

    when: str
    """``before`` a call, ``after`` it, or ``amid`` it."""
    call: str
    path: str
    """A pattern as `fnmatch` has it, of the whole path."""
    number: int = 1
    """Of the calls that match, counted from 1."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a moment from text, as ``before replace */run.json 1``.

        Raises:
            ValueError: it is no moment.
        """
        when, call, path, *number = text.split()
        if when not in WHEN or call not in PATH_AT:
            raise ValueError(f"not a moment: {text}")
        return cls(when, call, path, int(number[0]) if number else 1)


def die_at(moment: Moment) -> None:
    """Kill this process's group at a moment, by a stand-in for one function of `os`."""
    call: Callable[..., Any] = getattr(os, moment.call)
    left = moment.number

    def instead(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        named = arguments[PATH_AT[moment.call]]
        path = os.readlink(f"/proc/self/fd/{named}") if isinstance(named, int) else os.path.abspath(named)
        if not fnmatch.fnmatch(path, moment.path):
            return call(*arguments, **options)
        if left == 1 and moment.when != "after":
            if moment.when == "amid":
                _tear(path if moment.call == "fsync" else os.path.abspath(arguments[0]))
            _die()
        result = call(*arguments, **options)
        left -= 1  # a call that failed is repeated, once what was missing is there
        if left == 0:
            _die()
        return result

    setattr(os, moment.call, instead)


def _tear(path: str) -> None:
    """Cut off the second half of a file's last line; of a file without lines, of the file."""
    with open(path, "rb") as file:
        data = file.read()
    begin = data.rstrip(b"\n").rfind(b"\n") + 1 if path.endswith(".jsonl") else 0
    os.truncate(path, begin + (len(data) - begin) // 2)


def _die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)
    time.sleep(60)
