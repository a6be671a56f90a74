"""Hold one request of a routing log."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

BY_CLIENT = "whose client named the model"
"""A reason for no choice: see `NoRoute`."""


@dataclass(frozen=True)
class LoggedRoute:
    """A request that a router sent to a model."""

    router: str
    """By the name that clients ask for."""
    models: tuple[str, ...]
    """Names by which the model may be known in a run, the surest first."""
    ids: tuple[str, ...]
    """By which the request may be known in a run."""
    texts: tuple[str, ...]
    """Its prompt, in the forms in which a run may have recorded it."""
    hashes: tuple[str, ...] = ()
    """Of its messages: see `AnswerRow.messages_hash`."""
    router_s: float = math.nan
    """What choosing took."""
    router_usd: float = math.nan
    """What choosing cost, in US dollars."""
    entry: str = ""
    """By which the log itself knows the request, where it may have several entries of one; else empty."""


@dataclass(frozen=True)
class NoRoute:
    """An entry of a log that is no choice of a router."""

    reason: str
    """What it is, after the word request: "that failed"; empty for an entry that is not of a request at all."""


def amount(value: Any) -> float:
    """Return a number of 0 or more of a log; NaN for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if 0 <= number < math.inf else math.nan
