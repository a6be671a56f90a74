"""Run a function in a process of its own, in which nothing is loaded yet."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from wattbench.errors import UserError

Result = TypeVar("Result")


def in_fresh_process(function: Callable[..., Result], *arguments: object, died: str) -> Result:
    """Call a function in a fresh process, and return its result.

    Args:
        function: a function of a module, which the process imports.
        arguments: of the function; they and the result have to be such as can be pickled.
        died: the message where the process dies.

    Raises:
        UserError: the function raised one there, or the process died.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        try:
            outcome = alone.submit(_outcome, function, arguments).result()
        except BrokenProcessPool as error:
            raise UserError(died) from error
    if isinstance(outcome, _Failure):
        raise UserError(outcome.message)
    return outcome


class _Failure:
    """The message of a `UserError` of the other process: not every exception can be pickled."""

    def __init__(self, message: str) -> None:
        self.message = message


def _outcome(function: Callable[..., Result], arguments: tuple[object, ...]) -> Result | _Failure:
    try:
        return function(*arguments)
    except UserError as error:
        return _Failure(str(error))
