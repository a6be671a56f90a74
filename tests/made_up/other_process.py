"""Another process that holds something, such as a lock, until it is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


@contextmanager
def holding_elsewhere(hold: Callable[[], AbstractContextManager[object]]) -> Iterator[int]:
    """Yield the id of another process that holds a context; it is killed at the end.

    Args:
        hold: makes the context, in that process.
    """
    ready, written = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        try:
            with hold():
                os.write(written, b"x")
                signal.pause()
        finally:
            os._exit(1)
    os.close(written)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    try:
        yield pid
    finally:
        kill(pid)


def kill(pid: int) -> None:
    """Kill a process that this one started, if it is there."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    if str(pid) in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
