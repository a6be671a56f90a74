"""Find whose processes compute on a GPU: a stranger's joules would be counted as ours, or ours not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable


def foreign_processes(pids: Iterable[int]) -> dict[int, str]:
    """Return the processes that neither are this one nor descend from it, by pid, with their names.

    A pid that is not visible here has ended, or belongs to another pid namespace (a driver may name the host's
    pids to a container, our own among them): its owner is not known, so it does not make a window invalid.
    """
    return {pid: name for pid in pids if (name := _stranger(pid))}


def own_processes(pids: Iterable[int]) -> list[int]:
    """Return the processes that are this one or descend from it."""
    return [pid for pid in pids if _stranger(pid) == ""]


def _stranger(pid: int) -> str | None:
    """Return the name of a process that is not ours; nothing of our own, and None if that is not known."""
    if pid == os.getpid():
        return ""
    import psutil

    try:
        process = psutil.Process(pid)
        name = process.name() or str(pid)
        ancestor: psutil.Process | None = process
        while ancestor is not None:
            if ancestor.pid == os.getpid():
                return ""
            ancestor = ancestor.parent()
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied:
        return "another user's"
    return name
