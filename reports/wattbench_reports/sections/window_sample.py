"""Which of many windows are on the page: those not valid first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def chosen(valid: NDArray[np.bool_], most: int) -> list[int]:
    """Select windows to show; returns their indices in ascending order.

    Args:
        valid: shape (windows,).
        most: the number to show. Valid windows fill the remaining room, evenly spaced.
    """
    if len(valid) <= most:
        return list(range(len(valid)))
    invalid, others = np.flatnonzero(~valid)[:most], np.flatnonzero(valid)
    even = np.linspace(0, len(others) - 1, most - len(invalid)).round().astype(np.int64)
    return sorted(int(index) for index in (*invalid, *others[even]))
