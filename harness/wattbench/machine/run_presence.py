"""Announce a run of wattbench to others on this machine, in a small file in the folder of locks.

The process holds a lock on its file as long as it lives: one that a killed process left counts for nothing. Every user
may read the file, and only its maker write it. Other users may make such files too: what one says is only shown, and
only where its maker has the process that it names.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Self

import psutil

from wattbench.machine.lock_holder import Doing, LockHolder

_ENDING = ".run"
_MOST = 100
"""Files that are looked at: anyone can make them."""


class RunPresence:
    """The file that announces this process. A context manager; a failure to write the file is ignored."""

    def __init__(self, folder: Path, host: str, does: Doing) -> None:
        """Keep what will be announced; write nothing yet.

        Args:
            folder: of locks.
            host: what names the machine there.
            does: what this process does.
        """
        self._path = folder / f"{_prefix(host)}{secrets.token_hex(8)}{_ENDING}"
        self._host, self._holder = host, LockHolder.here(does)
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Write the file under a temporary name, and rename it once it is locked and complete."""
        _remove_ended(self._path.parent, self._host)
        hidden = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(hidden, flags, 0o644)
            os.fchmod(self._descriptor, 0o644)  # whatever the umask
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._holder.write(self._descriptor)
            os.rename(hidden, self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._descriptor)
            self._descriptor = -1

    def name_run(self, root: Path) -> None:
        """Announce which run this process writes."""
        self._change(self._holder.with_run(root))

    def say(self, does: Doing) -> None:
        """Announce what this process does from now on."""
        self._change(replace(self._holder, does=does))

    def _change(self, holder: LockHolder) -> None:
        self._holder = holder
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                holder.write(self._descriptor)


def live_runs(folder: Path, host: str) -> list[LockHolder]:
    """Return the processes that announce themselves in a folder of locks, oldest first. Empty if unreadable.

    Args:
        folder: of locks.
        host: what names the machine there.
    """
    return sorted(_live(folder, host), key=lambda holder: (holder.since_s, holder.pid))


def is_held(descriptor: int) -> bool:
    """Return whether another process holds the lock of an open file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _live(folder: Path, host: str) -> Iterator[LockHolder]:
    for _, descriptor in _opened(folder, host):
        holder = LockHolder.read(descriptor) if is_held(descriptor) else None
        if holder is not None and _is_of(os.fstat(descriptor).st_uid, holder):
            yield holder


def _is_of(user: int, holder: LockHolder) -> bool:
    """Return whether a user owns the process. True for a process of another container, whose owner cannot be seen."""
    if not holder.seen_from_here:
        return True

    try:
        return psutil.Process(holder.pid).uids().effective == user
    except psutil.Error:
        return False


def _remove_ended(folder: Path, host: str) -> None:
    """Remove the files that killed processes left, where this user has the permission."""
    for path, descriptor in _opened(folder, host):
        if not is_held(descriptor):
            with contextlib.suppress(OSError):
                path.unlink()


def _opened(folder: Path, host: str) -> Iterator[tuple[Path, int]]:
    """Yield the files of a machine's runs, each open until the next one."""
    for path in islice(folder.glob(f"{_prefix(host)}*{_ENDING}"), _MOST):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                if stat.S_ISREG(os.fstat(descriptor).st_mode):
                    yield path, descriptor
            finally:
                os.close(descriptor)


def _prefix(host: str) -> str:
    return f"wattbench-run-{host}-"
