"""What several sections ask of one analysis is computed when the first asks, and given again to the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar


class Remembers(Protocol):
    """Something that never changes, with a place for what was computed of it."""

    @property
    def remembered(self) -> dict[Any, Any]:
        """Function to its result."""


_Of = TypeVar("_Of", bound=Remembers)
_Result = TypeVar("_Result")


def once(make: Callable[[_Of], _Result]) -> Callable[[_Of], _Result]:
    """Wrap a function of an analysis alone, so that it is called once for each. Nobody may change its result."""

    @wraps(make)
    def made(analysis: _Of) -> _Result:
        if make not in analysis.remembered:
            analysis.remembered[make] = make(analysis)
        result: _Result = analysis.remembered[make]
        return result

    return made
