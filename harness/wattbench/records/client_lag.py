"""Measure how late a client sent its requests, and how much of that was its own doing.

A request can be sent when it is due, the answers that it follows have come, and fewer than the most are under way. From
then until it was sent the client was late, for no reason of the system's: its own lag. All of it follows from the
stamps of the requests.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

PUNCTUAL_S = 0.005
"""What is sent within this long of when it could be is called punctual."""
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True)
class SentRequest:
    """The stamps of one request."""

    due_s: float
    ready_s: float
    """When it was due and the answers that it follows had come."""
    started_s: float
    finished_s: float


@dataclass(frozen=True)
class Sending:
    """The lags of a client over all requests that it sent."""

    own_lag_s: Sequence[float]
    """Seconds from when each could be sent to when it was, in the order in which they were sent."""
    for_answers_s: Sequence[float]
    """Seconds from when each was due until the answers that it follows had come."""
    for_a_slot_s: Sequence[float]
    """Seconds from then until fewer than the most were under way."""
    after_due_s: Sequence[float]
    """Seconds from when each was due to when it was sent: the sum of these three."""
    at_most_s: Sequence[float]
    """How much later each request ended, at most, than it would have without any lag of the client; in the order in
    which they were given: of a system that works off a queue in order. Unsent requests are left out."""
    largest_at_s: float
    """When the request with the largest lag could have been sent, seconds after the first was due."""
    queue_peak: int
    """The most requests that were due and not sent at one time."""
    in_flight_peak: int
    """The most that were under way at one time."""

    @property
    def largest_s(self) -> float:
        """Return the largest lag."""
        return max(self.own_lag_s, default=0.0)

    def as_record(self) -> dict[str, float]:
        """Return the percentiles and the maximum of each lag, in seconds, and the peaks, in the form of a record."""
        record = {"punctual": _share(self.own_lag_s), "sent_on_stamp": _share(self.after_due_s)}
        for name, values in (
            ("own_lag", self.own_lag_s),
            ("for_answers", self.for_answers_s),
            ("for_a_slot", self.for_a_slot_s),
        ):
            ordered = sorted(values)
            record |= {f"{name}_{label}_s": _quantile(ordered, share) for label, share in SHARES.items()}
            record[f"{name}_largest_s"] = ordered[-1] if ordered else 0.0
        return record | {
            "largest_at_s": self.largest_at_s,
            "queue_peak": float(self.queue_peak),
            "in_flight_peak": float(self.in_flight_peak),
        }


def sending(requests: Sequence[SentRequest], slots: int, unsent: Sequence[SentRequest] = ()) -> Sending:
    """Compute the lags of a client from its requests.

    Args:
        requests: those that were sent, in any order.
        slots: how many may be under way at one time.
        unsent: those that were due and never sent; they count in the queue.
    """
    order = sorted(range(len(requests)), key=lambda each: (requests[each].started_s, requests[each].ready_s))
    first_s = min((each.due_s for each in [*requests, *unsent]), default=0.0)
    ends: list[float] = []  # the latest `slots` of the ends of those sent before: all of them may still be under way
    lags_s, answers, slot, after = [], [], [], []
    largest_s, largest_at_s = -1.0, 0.0
    at_most_s = [0.0] * len(requests)
    so_far_s, busy_until_s = 0.0, -math.inf
    for number in order:
        each = requests[number]
        free_s = ends[0] if len(ends) == slots else -math.inf
        could_s = max(each.ready_s, free_s)
        lags_s.append(max(0.0, each.started_s - could_s))
        answers.append(max(0.0, each.ready_s - each.due_s))
        slot.append(max(0.0, could_s - each.ready_s))
        after.append(max(0.0, each.started_s - each.due_s))
        if lags_s[-1] > largest_s:
            largest_s, largest_at_s = lags_s[-1], could_s - first_s
        if each.ready_s >= busy_until_s:  # all that was sent before had ended: nothing of earlier lags was left
            so_far_s = 0.0
        # A lag after a wait for a slot, which came later for earlier lags, comes on top of them.
        so_far_s = so_far_s + lags_s[-1] if could_s > each.ready_s else max(so_far_s, lags_s[-1])
        busy_until_s = max(busy_until_s, each.finished_s)
        at_most_s[number] = so_far_s
        if len(ends) < slots:
            heapq.heappush(ends, each.finished_s)
        else:
            heapq.heappushpop(ends, each.finished_s)
    return Sending(
        lags_s, answers, slot, after, at_most_s, largest_at_s,
        queue_peak=_peak([(each.ready_s, each.started_s) for each in [*requests, *unsent]]),
        in_flight_peak=_peak([(each.started_s, each.finished_s) for each in requests]),
    )  # fmt: skip


def _peak(spans: Sequence[tuple[float, float]]) -> int:
    """Return how many spans overlap at most. A span that begins as another ends does not overlap it."""
    steps = sorted([(begin_s, 1) for begin_s, end_s in spans if end_s > begin_s] + [
        (end_s, -1) for begin_s, end_s in spans if end_s > begin_s
    ])  # fmt: skip
    peak = now = 0
    for _, step in steps:
        now += step
        peak = max(peak, now)
    return peak


def _share(values: Sequence[float]) -> float:
    return sum(value <= PUNCTUAL_S for value in values) / len(values) if values else 1.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that is no less than a given share of the values; 0 without values."""
    return ordered[max(0, math.ceil((share - 1e-9) * len(ordered)) - 1)] if ordered else 0.0
