"""Which of many windows are on the page: the ones that are not valid before others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def chosen(valid: NDArray[np.bool_], most: int) -> list[int]:
    """Places of those that are shown, in the order given.

    Args:
        valid: shape (windows,).
        most: so many at most. What those that are not valid leave room for is taken evenly from the others.
    """
    if len(valid) <= most:
        return list(range(len(valid)))
    spoiled, fine = np.flatnonzero(~valid)[:most], np.flatnonzero(valid)
    even = np.linspace(0, len(fine) - 1, most - len(spoiled)).round().astype(np.int64)
    return sorted(int(place) for place in (*spoiled, *fine[even]))
