"""Define what an offered window of arrivals results in, of LoadGen or of a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.scenarios.open_loop.dispatch import Query
from wattbench.scenarios.open_loop.loadgen_logs import Arrival, Detail


@dataclass(frozen=True)
class Offered:
    """The results of a window of arrivals."""

    queries: Sequence[Query]
    """In the order in which they arrived."""
    due_s: Sequence[float]
    """When each was due, by LoadGen's schedule or wattbench's own, seconds since the epoch (`wattbench.clock`)."""
    arrivals: Sequence[Arrival] = ()
    """The same queries as LoadGen traced them; empty where it did not time them."""
    detail: Detail | None = None
    """LoadGen's verdict; None where it did not time them."""
