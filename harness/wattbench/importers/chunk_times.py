"""Make the times of an answer's chunks of the first one and the gaps between them, as several tools write them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from wattbench.errors import UserError
from wattbench.importers.answer import number


def chunk_gaps(values: Any, name: str, where: str) -> list[float]:
    """Return a list of seconds between chunks; 0 for one that is missing.

    Args:
        values: as parsed.
        name: of the list.
        where: the file and the line.

    Raises:
        UserError: it is no list, or has an impossible figure.
    """
    if not isinstance(values, list):
        raise UserError(f"{where}: {name} is of type {type(values).__name__}, not a list")
    return [number(each, "a time between tokens", where) or 0.0 for each in values]


def chunk_ends(first_s: float, gaps_s: Sequence[float], seconds: float | None) -> Sequence[float]:
    """Return when each chunk came, in seconds after the request was sent; none if the last came after its end.

    Args:
        first_s: when the first one came.
        gaps_s: from each to the next.
        seconds: of the whole answer; None: not known, and then no chunk's time is.
    """
    ends = list(accumulate(gaps_s, initial=first_s))
    return ends if seconds is not None and ends[-1] <= seconds else ()
