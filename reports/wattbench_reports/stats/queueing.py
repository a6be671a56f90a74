"""Simulate a queue in front of several equal servers."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray


def poisson_arrivals(rate_per_s: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw the seconds at which `count` independent requests arrive. Shape (count,)."""
    return np.cumsum(rng.exponential(1.0 / rate_per_s, size=count))


def sojourns(arrived_s: NDArray[np.float64], service_s: NDArray[np.float64], servers: int) -> NDArray[np.float64]:
    """Return seconds from each arrival to its end, first come, first served, by the first free server.

    Args:
        arrived_s: shape (requests,), ascending.
        service_s: shape (requests,): how long each takes once it has begun.
        servers: 1 or more; all are idle at the beginning.

    Returns:
        Shape (requests,). The same requests never leave later where there are more servers.

    Source: D. V. Lindley (1952) for one server; J. Kiefer and J. Wolfowitz, "On the theory of queues with many
    servers", Transactions of the AMS 78 (1955): what matters of the past is when each server will be free.
    """
    if servers == 1:  # waiting is what the work so far has run ahead of the clock since it last had not
        ahead = np.cumsum(service_s) - arrived_s
        before = np.concatenate(([0.0], np.cumsum(service_s)[:-1])) - arrived_s
        return np.asarray(ahead - np.minimum.accumulate(before), dtype=np.float64)
    free_s = [0.0] * servers
    ended_s = []
    for now_s, length_s in zip(arrived_s.tolist(), service_s.tolist(), strict=True):
        first_s = free_s[0]
        end_s = (first_s if first_s > now_s else now_s) + length_s  # a call of max() takes as long as all of this
        heapq.heapreplace(free_s, end_s)
        ended_s.append(end_s)
    return np.array(ended_s) - arrived_s
