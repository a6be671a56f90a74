"""Tell another process what only the running one knows: scores so far, what it does, and the time left.

The state is in the lock file of the run, whose holder alone writes it. It is no record: nothing of it is left when the
run is complete, and what a killed process left there is as old as the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wattbench.progress.view import RunSoFar
from wattbench.redaction import hide
from wattbench.terminal import printable

_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class LiveState:
    """What a run says of itself while it runs."""

    scores: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """System to the sum of the scores, from 0 to 1 each, and the number of answers scored. A system without scores so
    far is missing."""
    title: str = ""
    """Of the turn that is under way."""
    left: str = ""
    """How long the rest will take, as text."""


def write_live_state(path: Path, run: RunSoFar) -> None:
    """Write what a run has done so far over what the file held, or empty it once all items are answered.

    A failure is ignored: nothing of the run depends on it.

    Args:
        path: the lock file of the run, which this process holds.
        run: what was done.
    """
    known = {
        "scores": {name: [each.right, each.scored] for name, each in list(run.systems.items()) if each.scored},
        "title": printable(hide(run.title)),
        "left": str(run.remaining.of_all()),
    }
    data = b"" if run.is_complete else json.dumps(known).encode()
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.pwrite(descriptor, data, 0)
            os.ftruncate(descriptor, len(data))
        finally:
            os.close(descriptor)


def read_live_state(path: Path) -> LiveState | None:
    """Read the state of a run from its lock file. None where there is none, or it is read while it is written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            data = os.pread(descriptor, _MOST_BYTES, 0) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
        finally:
            os.close(descriptor)
        given = json.loads(data)
        return LiveState(_scores(given["scores"]), printable(str(given["title"])), printable(str(given["left"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _scores(given: Mapping[str, Any]) -> dict[str, tuple[float, int]]:
    read = {str(name): (float(right), int(scored)) for name, (right, scored) in given.items()}
    return {name: (right, scored) for name, (right, scored) in read.items() if 0 <= right <= scored and scored}
