"""Compute the client's share of a system's time: when too few requests were in flight.

A suite keeps a number of requests in flight, its slots: one at a time is one slot, and so is a system in this process
that is asked batch by batch; a server has `batch` of them. When a request ends the next one could be sent. Until it is,
the slot is empty because the client is busy: it writes the record to disk, stamps, and prepares the request.

    client's seconds   sum over requests of (sent - could be sent) / slots
    client's share     client's seconds / seconds of throughput (`wattbench_reports.metrics.throughput`)

The first requests of a window, one for each slot, could be sent with the first of them; every later one as soon as, of
those sent before it, fewer than the slots were under way. So with one slot it is the share of the time in which no
request was in flight. A slot for which no request is left is not the client's, nor is the time in which a request waits
under a limit of a service. Windows add up, as for throughput: the time between two windows is in neither. It is the lag
of `wattbench.records.client_lag`, which is recorded under load, of requests that are all due at once.

Assumed: a request is the system's from its first stamp to its last. What the client does while requests are under way
(it calls the system, encodes, reads a socket) is not seen, so that the share is rather too low. What other processes
took from the client between two requests is in it. Without the client a rate would be rate / (1 - share).

Conventions in the wild: for one stream MLPerf LoadGen prints "QPS w/ loadgen overhead" next to "QPS w/o loadgen
overhead", which is 1 / mean latency (mlcommons/inference, loadgen/results.cc); 1 - with / without is this share, but
for the last request. GuideLLM, AIPerf and `vllm bench serve` print the rate with the client's time in it, and no share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def client_seconds(
    window: NDArray[np.int64], begun_s: NDArray[np.float64], ended_s: NDArray[np.float64], slots: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the client's seconds of each window.

    Args:
        window: shape (requests,): the number of each one's window. Requests may come in any order.
        begun_s: when a slot took each up: when it was sent, less what it had waited under a limit of a service.
        ended_s: when each ended.
        slots: shape (windows,), at least 1.

    Returns:
        Shape (windows,), at least 0.
    """
    by_begin, by_end = np.lexsort((begun_s, window)), np.lexsort((ended_s, window))
    of, begun_s, ended_s = window[by_begin], begun_s[by_begin], ended_s[by_end]
    first = np.searchsorted(of, np.arange(len(slots)))  # of each window, the position of its first request
    position = np.arange(len(of))
    later = position - first[of] >= slots[of]
    # Of all ends in order this one is among those of requests sent before: the ones after it end later.
    could_s = np.where(later, ended_s[position - np.where(later, slots[of], 0)], begun_s[first[of]])
    lag_s = np.maximum(begun_s - could_s, 0.0)
    return np.bincount(of, weights=lag_s, minlength=len(slots)) / slots


def slots_of(
    window: NDArray[np.int64], call: NDArray[np.float64], together: NDArray[np.float64], windows: int
) -> NDArray[np.int64]:
    """Return how many calls the client was to keep under way in each window: 1 where a call is of several items.

    Args:
        window: shape (requests,): the number of each one's window.
        call: `batch` of `wattbench.records.ItemRow`: answers of a call share it.
        together: `batch_size` of it.
        windows: how many there are.
    """
    order = np.lexsort((call, window))
    of, call = window[order], call[order]
    same = np.flatnonzero((of[1:] == of[:-1]) & (call[1:] == call[:-1]))
    most = np.ones(windows)
    np.fmax.at(most, window, together)
    most[of[same]] = 1
    return most.astype(np.int64)
