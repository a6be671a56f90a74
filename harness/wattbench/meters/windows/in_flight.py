"""Divide a window among the items that were in flight in it.

At each moment the window is split evenly among the items in flight; what is left (writing the record, between two
requests) is spread over them in proportion. So the shares sum to 1, and an item answered in a batch of eight has an
eighth of the batch's time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def shares(started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each item's share of a window, in proportion to its time in flight.

    Args:
        started_s: shape (items,), seconds.
        finished_s: shape (items,), seconds, none before its start.

    Returns:
        Shape (items,), summing to 1. Equal shares where no item took any time at all.
    """
    weights = alone_s(started_s, finished_s)
    occupied_s = weights.sum()
    return np.asarray(weights / occupied_s) if occupied_s > 0 else np.full(len(started_s), 1.0 / len(started_s))


def alone_s(started_s: NDArray[np.float64], finished_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds attributed to each item, where each moment is split evenly among the items in flight.

    Args:
        started_s: shape (items,), seconds.
        finished_s: shape (items,), seconds, none before its start.

    Returns:
        Shape (items,), seconds; they sum to the time in which any item was in flight.
    """
    edges = np.unique(np.concatenate([started_s, finished_s]))
    # In flight during the segment after each edge: starts so far minus finishes so far.
    begun = np.searchsorted(np.sort(started_s), edges[:-1], side="right")
    ended = np.searchsorted(np.sort(finished_s), edges[:-1], side="right")
    in_flight = begun - ended
    split_s = np.where(in_flight > 0, np.diff(edges) / np.maximum(in_flight, 1), 0.0)
    cumulative_s = np.concatenate([[0.0], np.cumsum(split_s)])
    return np.asarray(
        cumulative_s[np.searchsorted(edges, finished_s)] - cumulative_s[np.searchsorted(edges, started_s)]
    )
