"""Keep a fixed number of calls under way: as one ends, the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def keep_in_flight(
    calls: Iterator[Callable[[], T]], number: int, *, hold: Callable[[], bool] = lambda: False
) -> Iterator[T]:
    """Make calls, `number` of them at any time, and yield their results as they end, in that order.

    Each runs in a thread of its own. The threads are daemons, so that Ctrl-C leaves at once.

    Args:
        calls: taken one by one; the rest stays in it.
        number: how many are under way together.
        hold: called before each call: True begins no more, and ends when those under way have ended.

    Raises:
        The exception of the first failed call, once all others have ended and their results were yielded.
    """
    ended: SimpleQueue[tuple[bool, T | BaseException]] = SimpleQueue()

    def run(call: Callable[[], T]) -> None:
        try:
            ended.put((True, call()))
        except BaseException as error:  # carried over to the caller's thread
            ended.put((False, error))

    failed: BaseException | None = None
    flying = 0
    while True:
        while failed is None and flying < number and not hold() and (call := next(calls, None)) is not None:
            threading.Thread(target=run, args=(call,), daemon=True).start()
            flying += 1
        if not flying:
            break
        succeeded, result = ended.get()
        flying -= 1
        if succeeded:
            yield result  # type: ignore[misc]  # not an exception: the call ended well
        else:
            failed = failed or result  # type: ignore[assignment]
    if failed is not None:
        raise failed
