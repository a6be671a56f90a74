"""Keep an interrupt from being lost, and from leaving a lock taken.

Python raises `KeyboardInterrupt` in the main thread between any two of its instructions. Where that is within a
finaliser or a callback it is printed and dropped, and the run goes on as if nothing had been pressed. Where it is
between taking a lock and entering the block that releases it, the lock stays taken, and a thread that needs it waits
for ever: in codecarbon's scheduler, for one, which each reading of the modelled joules starts or stops. So a run

- holds interrupts back while it reads, opens or closes meters (`held`), and
- looks after each answer whether one has come that nothing noticed (`raise_if_interrupted`).

A second interrupt is never held back.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType


@dataclass
class _Seen:
    """Interrupts of the main thread, which alone sets them and looks at them."""

    depth: int = 0
    """How many blocks of `held` it is in."""
    number: int = 0
    """Interrupts since the outermost `noticed` began."""
    waiting: bool = False
    """One was held back."""
    watching: int = 0
    """How many blocks of `noticed` it is in."""


_seen = _Seen()


@contextlib.contextmanager
def noticed() -> Iterator[None]:
    """Notice every Ctrl-C, and treat SIGTERM as one.

    Outside the main thread, which alone may set a handler, this does nothing. A handler of the program's own for Ctrl-C
    stays, as it does where Ctrl-C is ignored.
    """
    if not _in_main():
        yield
        return
    if not _seen.watching:
        _seen.number, _seen.waiting = 0, False
    default = signal.getsignal(signal.SIGINT) in (signal.default_int_handler, _interrupt)
    numbers = (signal.SIGTERM, signal.SIGINT) if default else (signal.SIGTERM,)
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    _seen.watching += 1
    try:
        yield
    finally:
        _seen.watching -= 1
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Hold an interrupt back until the end of the block.

    Raises:
        KeyboardInterrupt: at the end, where one came.
    """
    if not _in_main():
        yield
        return
    _seen.depth += 1
    try:
        yield
    finally:
        _seen.depth -= 1
    if not _seen.depth and _seen.waiting:
        _seen.waiting = False
        raise KeyboardInterrupt


def raise_if_interrupted() -> None:
    """Interrupt the run if an interrupt came and nothing noticed it.

    Raises:
        KeyboardInterrupt: it did.
    """
    if _seen.number and _seen.watching and _in_main():
        raise KeyboardInterrupt


def _interrupt(_: int, __: FrameType | None) -> None:
    _seen.number += 1
    if _seen.depth and _seen.number == 1:
        _seen.waiting = True
        return
    _seen.waiting = False
    raise KeyboardInterrupt


def _in_main() -> bool:
    return threading.current_thread() is threading.main_thread()
