"""Decide whether a system holds a rate: the one rule.

It is held *in this minute*, as it was seen, when all of these are true.
1. The share of requests that the suite sets is in time. A request is in time if its answer was complete within
   `deadline_s` of when it was due, and met the deadlines of the first and of the later tokens where the suite sets
   them. A request without an answer is late.
2. It served at least `MIN_SERVED` of what was offered, the last request granted its deadline: a queue that only
   empties after the arrivals have ended was growing.
3. LoadGen finds nothing wrong: its own verdict is not INVALID for another reason than its early stopping, and it logged
   no error. It neither times nor judges the arrivals of a trace, and those next to it: there only the others apply.
4. The client kept up: it sent every request within `most_lag_s` of when it could have. What is sent later than that has
   a latency that is the client's, and comes in a burst that the arrivals did not have.

It is held *in the long run* if, besides, the bounds of `wattbench.records.rate_bounds` show it, and LoadGen's early
stopping does not deny it. Early stopping alone shows nothing of a queue: it takes the requests for independent.

A deadline counts as met only if the answer shows it. Where the first token's arrival is not known, the end of the
answer counts as its arrival, as it came no later. An answer without a time per output token (see
`wattbench.records.token_times`: it came in one chunk, or the engine does not report arrivals) is late where a deadline
for later tokens is set: a server that does not stream would otherwise meet every such deadline. An answer of one token
has no later ones to be late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.config import Load
from wattbench.quantities import quantity
from wattbench.records.client_lag import Sending
from wattbench.scenarios.open_loop.loadgen_logs import Detail

MIN_SERVED = 0.9
"""Of the offered rate, as it was drawn, so that only the drain after it moves this."""

ROUNDING = 1e-6
"""Of a number of requests, as a product."""

LAG_SHARE = 0.1
"""Of the shortest deadline for a whole answer or its first token: a client that is later falsifies it."""
LEAST_LAG_S = 0.1
"""A busy machine keeps a process waiting for as long without being at fault."""


def most_lag_s(load: Load) -> float:
    """Return how late a client may send a request that it could send."""
    shortest_s = min(load.deadline_s, load.ttft_deadline_s or load.deadline_s)
    return max(LEAST_LAG_S, LAG_SHARE * shortest_s)


@dataclass(frozen=True)
class RequestTimes:
    """The times of one request, in seconds; None where it has no such figure."""

    latency_s: float | None
    """From when it was due to its end; None where it failed."""
    ttft_s: float | None
    tpot_s: float | None
    """Seconds per output token after the first."""
    tokens: int | None = None
    """Output tokens, 0 where nothing is generated; None where they were not counted."""

    def in_time(self, load: Load) -> bool:
        """Return whether it is shown to have met every deadline that is set."""
        return (
            self.latency_s is not None
            and self.latency_s <= load.deadline_s
            and self._first_token_in_time(self.latency_s, load.ttft_deadline_s)
            and self._later_tokens_in_time(load.tpot_deadline_s)
        )

    def lacks_tpot(self, load: Load) -> bool:
        """Return whether it was answered and is late because the suite's TPOT deadline cannot be checked."""
        return (
            self.latency_s is not None and self.tpot_s is None and not self._later_tokens_in_time(load.tpot_deadline_s)
        )

    def _first_token_in_time(self, latency_s: float, deadline_s: float | None) -> bool:
        if deadline_s is None or self.tokens == 0:
            return True
        return (latency_s if self.ttft_s is None else self.ttft_s) <= deadline_s

    def _later_tokens_in_time(self, deadline_s: float | None) -> bool:
        if deadline_s is None or (self.tokens is not None and self.tokens < 2):
            return True
        return self.tpot_s is not None and self.tpot_s <= deadline_s


def why_not_held(
    outcomes: Sequence[RequestTimes],
    load: Load,
    detail: Detail | None,
    client: Sending,
    *,
    arriving_s: float,
    total_s: float,
) -> list[str]:
    """Return every reason why a rate was not held as it was seen, in words; empty where it was.

    Args:
        outcomes: one per request.
        load: the suite's.
        detail: LoadGen's; None where it did not time the arrivals.
        client: how punctual it was.
        arriving_s: from when the first was due until the last was.
        total_s: from when the first was due until the last one ended.
    """
    reasons = []
    queries = len(outcomes)
    failed = sum(outcome.latency_s is None for outcome in outcomes)
    late = sum(not outcome.in_time(load) for outcome in outcomes)
    if late > (1.0 - load.in_time) * queries + ROUNDING:
        lost = f", {failed} of them without an answer" if failed else ""
        unknown = sum(outcome.lacks_tpot(load) for outcome in outcomes)
        lost += f", {unknown} of them without a TPOT to check" if unknown else ""
        reasons.append(
            f"{late} of {queries} requests missed {_deadlines(load)}{lost}: {100 * load.in_time:g}% have to be in time"
        )
    served = (queries - failed) / queries * arriving_s / max(arriving_s, total_s - load.deadline_s)
    if served < MIN_SERVED:
        reasons.append(
            f"served {100 * served:.0f}% of the offered rate: {failed} of {queries} requests have no answer, and the "
            f"last one ended {total_s - arriving_s:.1f} s after the last arrival"
        )
    return reasons + _client_reasons(client, load) + ([] if detail is None else _loadgen_reasons(detail, load))


def lacks_early_stopping(detail: Detail) -> bool:
    """Return whether LoadGen finds nothing wrong but that too few requests were in time for its early stopping."""
    others = ("result_min_duration_met", "result_min_queries_met")
    return (
        not detail.valid
        and detail.met("result_perf_constraints_met")
        and not detail.met("early_stopping_met")
        and all(detail.results.get(key) is not False for key in others)
    )


def _client_reasons(client: Sending, load: Load) -> list[str]:
    most_s = most_lag_s(load)
    late = sum(lag_s > most_s for lag_s in client.own_lag_s)
    if not late:
        return []
    return [
        f"the client lagged: it sent {late} of {len(client.own_lag_s)} requests more than {most_s:g} s after it could "
        f"have, the latest by {quantity(client.largest_s, 's')}, {client.largest_at_s:.1f} s after the first arrival. "
        "Their latency is the client's, not the system's"
    ]


def _loadgen_reasons(detail: Detail, load: Load) -> list[str]:
    reasons = [f"LoadGen reports an error: {message}" for message in detail.errors[:3]]
    if detail.valid or lacks_early_stopping(detail):
        return reasons
    if not detail.met("result_perf_constraints_met"):
        reason = str(detail.results.get("result_invalid_reason") or "its latency constraint is not met")
        # Of token times LoadGen judges the deadline of the answer, where the suite sets none for tokens.
        if ("TTFT" in reason and load.ttft_deadline_s is None) or ("TPOT" in reason and load.tpot_deadline_s is None):
            reason = f"too many requests missed the deadline of {load.deadline_s:g} s"
        reasons.append(f"LoadGen: INVALID, {_on_one_line(reason)}")
    else:
        reason = str(detail.results.get("result_invalid_reason") or "it gives no reason")
        reasons.append(f"LoadGen: INVALID, {_on_one_line(reason)}")
    return reasons


def _on_one_line(reason: str) -> str:
    return " ".join(reason.split()).rstrip(".")


def _deadlines(load: Load) -> str:
    parts = [f"the deadline of {load.deadline_s:g} s"]
    if load.ttft_deadline_s is not None:
        parts.append(f"{load.ttft_deadline_s:g} s to the first token")
    if load.tpot_deadline_s is not None:
        parts.append(f"{load.tpot_deadline_s:g} s per token")
    return " or ".join(parts)
