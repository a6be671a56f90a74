"""An interrupt is neither lost nor raised where a lock would stay taken."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import pytest

from wattbench.interrupts import held, noticed, raise_if_interrupted


@pytest.fixture
def noticing() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with noticed():
            yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupt(number: signal.Signals = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_raised_at_once(noticing: None, number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupt(number)


def test_an_interrupt_is_held_back_to_the_end_of_the_outermost_block(noticing: None) -> None:
    reached = []

    @held()
    def inner() -> None:
        interrupt()
        reached.append("inner")

    @held()
    def outer() -> None:
        inner()
        reached.append("outer")

    with pytest.raises(KeyboardInterrupt):
        outer()
    assert reached == ["inner", "outer"]


def test_a_second_interrupt_is_not_held_back(noticing: None) -> None:
    with held():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()
    with pytest.raises(KeyboardInterrupt):
        raise_if_interrupted()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_that_python_dropped_is_raised_at_the_next_answer(noticing: None) -> None:
    class Finalised:
        def __del__(self) -> None:
            interrupt()

    Finalised()
    gc.collect()
    with pytest.raises(KeyboardInterrupt):
        raise_if_interrupted()


def test_a_new_run_begins_without_the_interrupts_of_the_last() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), noticed():
            interrupt()
        with noticed():
            raise_if_interrupted()
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_a_run_nothing_is_raised() -> None:
    raise_if_interrupted()
    with held():
        pass


def test_handlers_are_put_back() -> None:
    mine = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        own = signal.getsignal(signal.SIGINT)
        with noticed():
            assert signal.getsignal(signal.SIGINT) is own, "a handler of the program's own stays"
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, mine)
