"""Find processes that are not ours, whose joules would be counted as ours."""

from __future__ import annotations

import os
from collections.abc import Iterable


def foreign_processes(pids: Iterable[int]) -> dict[int, str]:
    """Return the processes that neither are this one nor descend from it, by pid, with their names.

    A pid that is not visible here has ended, or belongs to another pid namespace (a driver may name the host's
    pids to a container, our own among them): its owner is not known, so it does not make a window invalid.
    """
    foreign = {}
    for pid in pids:
        name = _name_if_foreign(pid)
        if name is not None:
            foreign[pid] = name
    return foreign


def _name_if_foreign(pid: int) -> str | None:
    """Return the name of a process that is not ours; None for our own, and if that is not known."""
    if pid == os.getpid():
        return None
    import psutil

    try:
        process = psutil.Process(pid)
        name = process.name()
        ancestor: psutil.Process | None = process
        while ancestor is not None:
            if ancestor.pid == os.getpid():
                return None
            ancestor = ancestor.parent()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return "another user's"
    return name
