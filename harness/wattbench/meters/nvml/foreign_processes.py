"""Whose process is it: ours, or a stranger's whose joules we would count as ours."""

from __future__ import annotations

import os
from collections.abc import Iterable


def foreign_processes(pids: Iterable[int]) -> dict[int, str]:
    """Those processes that neither are this one nor descend from it, by pid, with their names.

    A pid that is not visible here has ended, or belongs to another pid namespace (a driver may name the host's
    pids to a container, our own among them): whose it is cannot be told, so it is not held against a window.
    """
    strangers = {}
    for pid in pids:
        name = _name_of_stranger(pid)
        if name is not None:
            strangers[pid] = name
    return strangers


def _name_of_stranger(pid: int) -> str | None:
    """The name of a process that is not ours; None for our own, and where it cannot be told."""
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
