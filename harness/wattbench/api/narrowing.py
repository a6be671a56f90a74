"""Check arguments of the Python API: systems, tasks, items, and how long to wait."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from wattbench.errors import UserError


def names_of(given: Any, where: str) -> tuple[str, ...]:
    """Return a list of names as a tuple. A single text is refused: it would be taken for a list of its letters.

    Args:
        given: the argument.
        where: what a message begins with, such as ``tasks``.

    Raises:
        UserError: it is not a list of names.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UserError(f"{where}: {given!r:.80} is not a list of names")
    names = tuple(given)
    if not all(isinstance(name, str) for name in names):
        raise UserError(f"{where}: {given!r:.80} is not a list of names")
    return names


def limit_of(given: Any, where: str) -> int | None:
    """Return a limit of items per task; None means all items.

    Raises:
        UserError: it is not a whole number of 1 or more.
    """
    if given is None:
        return None
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise UserError(f"{where}: {given!r:.80} is not a number of items")
    return given


def seconds_to_wait(given: Any) -> float:
    """Return how long to wait for another measurement, in seconds: 0 for False, infinite for True.

    Raises:
        UserError: it is neither, and not a number of seconds.
    """
    if isinstance(given, bool):
        return math.inf if given else 0.0
    if not isinstance(given, int | float) or not given >= 0:
        raise UserError(f"wait: {given!r:.80} is neither a number of seconds nor True")
    return float(given)
