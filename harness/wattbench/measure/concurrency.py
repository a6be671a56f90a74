"""A fixed number of calls under way at the same time: as one ends, the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def keep_in_flight(
    calls: Iterator[Callable[[], T]], number: int, *, hold: Callable[[], bool] = lambda: False
) -> Iterator[T]:
    """Make calls, `number` of them at any time, and give their results as they end, in that order.

    Each runs in a thread of its own. The threads are daemons, so that Ctrl-C leaves at once.

    Args:
        calls: taken one by one; what was not taken stays in it.
        number: under way together.
        hold: asked before each call: True begins no more, and ends when those under way have.

    Raises:
        Whatever the first failed call raised, once all others have ended and their results were given.
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
        whole, result = ended.get()
        flying -= 1
        if whole:
            yield result  # type: ignore[misc]  # not an exception: the call ended well
        else:
            failed = failed or result  # type: ignore[assignment]
    if failed is not None:
        raise failed
