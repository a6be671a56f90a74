"""Keep a fixed number of calls under way: as one ends, the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


def keep_in_flight(
    calls: Iterator[Callable[[], T]], number: int, *, hold: Callable[[], bool] = lambda: False
) -> Iterator[T]:
    """Keep `number` calls under way, and yield their results in the order in which they end.

    They are made by as many threads. Those are daemons, so that Ctrl-C leaves at once.

    Args:
        calls: taken one by one; the rest stays in it.
        number: how many are under way together.
        hold: called before each call: True begins no more, and ends when those under way have ended.

    Raises:
        The exception of the first failed call, once all others have ended and their results were yielded.
    """
    failed: BaseException | None = None
    with _Callers[T]() as callers:
        while True:
            while failed is None and callers.flying < number and not hold() and (call := next(calls, None)) is not None:
                callers.begin(call)
            if not callers.flying:
                break
            succeeded, result = callers.end()
            if succeeded:
                yield result  # type: ignore[misc]  # not an exception: the call ended well
            else:
                failed = failed or result  # type: ignore[assignment]
    if failed is not None:
        raise failed


class _Callers(Generic[T]):
    """Threads that make calls. Each makes many, as starting a thread per call would be slow.

    A context manager: at its end they end, each after the call that it is making.
    """

    def __init__(self) -> None:
        self.flying = 0
        """Calls that were begun and of which the end was not taken."""
        self._threads = 0
        self._begun: SimpleQueue[Callable[[], T] | None] = SimpleQueue()
        self._ended: SimpleQueue[tuple[bool, T | BaseException]] = SimpleQueue()

    def begin(self, call: Callable[[], T]) -> None:
        """Give a call to an idle thread, or to a new one."""
        if self.flying == self._threads:
            threading.Thread(target=self._run, daemon=True).start()
            self._threads += 1
        self._begun.put(call)
        self.flying += 1

    def end(self) -> tuple[bool, T | BaseException]:
        """Wait until a call ends; return True and its result, or False and the exception that it raised."""
        ended = self._ended.get()
        self.flying -= 1
        return ended

    def __enter__(self) -> _Callers[T]:
        return self

    def __exit__(self, *_: object) -> None:
        for _number in range(self._threads):
            self._begun.put(None)

    def _run(self) -> None:
        while (call := self._begun.get()) is not None:
            try:
                self._ended.put((True, call()))
            except BaseException as error:  # carried over to the caller's thread
                self._ended.put((False, error))
            del call  # nothing that it holds stays while the thread waits
