"""Do a part of a report's work in a second process, next to this one.

The process is forked, so that it has everything that was read, without a copy. Its result comes back by a pipe. What
fails there, or is ended from outside, is done again here: a result or an error is the same whichever way it came about.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Generic, NoReturn, TypeVar

Result = TypeVar("Result")

_ENDING = (signal.SIGINT, signal.SIGTERM)
"""What ends a command. The second process is then ended by the first, or by the same Ctrl-C."""

LEAST_ANSWERS, MOST_ANSWERS = 250, 1_500_000
"""Of a run whose report is computed by two processes. One of fewer is as fast alone. Of a million answers the two have
at most 1.5 GB of memory, what they share counted twice; of more they would come near 2 GB."""


def pays(answers: int) -> bool:
    """Return whether a run of that number of answers is reported sooner by two processes."""
    return LEAST_ANSWERS <= answers <= MOST_ANSWERS


@contextmanager
def meanwhile(work: Callable[[], Result], *, wanted: bool) -> Iterator[Callable[[], Result]]:
    """Start work in a second process, and yield the function that waits for its result.

    Without a second process the work is done at once, before anything of the block takes memory. At its end no process
    is left.

    Args:
        work: computes something that can be pickled, and changes nothing but memory.
        wanted: whether to fork, where it is possible.
    """
    second = _forked(work) if wanted and can_fork() else None
    if second is None:
        done = work()
        yield lambda: done
        return
    try:
        yield cache(second.result)
    finally:
        second.end()


@contextmanager
def shared_parts(number: int) -> Iterator[Iterator[int]]:
    """Yield the numbers of parts of work, from 0 on: each comes once, to the process of `meanwhile` or to this one.

    Args:
        number: of the parts, at most 255.
    """
    left, numbers = os.pipe()
    os.write(numbers, bytes(range(number)))
    os.close(numbers)
    try:
        yield (part[0] for part in iter(lambda: os.read(left, 1), b""))
    finally:
        os.close(left)


def can_fork() -> bool:
    """Return whether a second process can be forked, and has a processor to run on.

    A process with other threads is never forked: what they hold would be held for ever. On macOS the system's own
    libraries do not outlive a fork.
    """
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1 and threading.active_count() == 1


class _Second(Generic[Result]):
    """A forked process, as the one that forked it sees it."""

    def __init__(self, pid: int, pipe: int, lifeline: int, work: Callable[[], Result]) -> None:
        """Take charge of it.

        Args:
            pid: its number.
            pipe: what its result is read from.
            lifeline: held open while this process lives.
            work: what it does.
        """
        self._pid, self._pipe, self._lifeline, self._work = pid, pipe, lifeline, work
        self._ended = False

    def result(self) -> Result:
        """Wait for the result; where none comes, do the work here."""
        with open(self._pipe, "rb", closefd=False) as pipe:
            answer = pipe.read()
        if self._wait() != 0:
            return self._work()
        result: Result = pickle.loads(answer)  # noqa: S301  # written by a copy of this process
        return result

    def end(self) -> None:
        """End the process where it still runs."""
        if not self._ended:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._wait()
        os.close(self._pipe)
        os.close(self._lifeline)

    def _wait(self) -> int:
        """Wait for its end, and return its status; 1 where the system keeps none, as SIGCHLD is ignored."""
        try:
            _, status = os.waitpid(self._pid, 0)
        except ChildProcessError:
            status = 1
        self._ended = True
        return status


def _forked(work: Callable[[], Result]) -> _Second[Result] | None:
    """Fork a process that does the work; None where the machine has no room for one."""
    answer, answers = os.pipe()
    alive, lifeline = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        pid = _fork()
        if pid == 0:
            os.close(lifeline)
            _serve(work, answers, alive, before)
    except OSError:
        for each in (answer, lifeline):
            os.close(each)
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(answers)
        os.close(alive)
    return _Second(pid, answer, lifeline, work)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that are not Python's: those of PyArrow and OpenBLAS, which both know of forks.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _serve(work: Callable[[], Result], answers: int, alive: int, signals: set[int | signal.Signals]) -> NoReturn:
    """Do the work in the forked process, write the result and end, without what a Python process does as it ends."""
    code = 1
    try:
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        answer = pickle.dumps(work(), protocol=pickle.HIGHEST_PROTOCOL)
        with open(answers, "wb") as pipe:
            pipe.write(answer)
        code = 0
    finally:
        os._exit(code)


def _end_with_parent(alive: int) -> None:
    """End this process when the other one is gone, however it ended: its end of the pipe is then closed."""
    os.read(alive, 1)
    os._exit(1)
