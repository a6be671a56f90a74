"""Decide whether a system holds a rate.

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

Where the client did not, it is *not known* whether the system holds the rate, unless 1 to 3 fail without the client's
lag as well: a lag since the queue was last empty makes an answer later by no more than itself (`Sending.at_most_s`).

It is held *in the long run* if, besides, the bounds of `wattbench.records.rate_bounds` show it, and LoadGen's early
stopping does not deny it. Early stopping alone shows nothing of a queue: it takes the requests for independent.

A deadline counts as met only if the answer shows it. Where the first token's arrival is not known, the end of the
answer counts as its arrival, as it came no later. An answer without a time per output token (see
`wattbench.records.token_times`: it came in one chunk, or the engine does not report arrivals) is late where a deadline
for later tokens is set: a server that does not stream would otherwise meet every such deadline. An answer of one token
has no later ones to be late.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """Return the seconds that a client may send a request late without spoiling the rate."""
    shortest_s = min(load.deadline_s, load.ttft_deadline_s or load.deadline_s)
    return max(LEAST_LAG_S, LAG_SHARE * shortest_s)


@dataclass(frozen=True)
class RequestTimes:
    """The times of one request, in seconds; None for a time that the request does not have."""

    latency_s: float | None
    """From when it was due to its end; None where it failed."""
    ttft_s: float | None
    tpot_s: float | None
    """Seconds per output token after the first."""
    tokens: int | None = None
    """Output tokens, 0 where nothing is generated; None where they were not counted."""

    def in_time(self, load: Load) -> bool:
        """Return whether the request is shown to have met every deadline."""
        return (
            self.latency_s is not None
            and self.latency_s <= load.deadline_s
            and self._first_token_in_time(self.latency_s, load.ttft_deadline_s)
            and self._later_tokens_in_time(load.tpot_deadline_s)
        )

    def without(self, lag_s: float) -> RequestTimes:
        """Return the best times that the request could have had without the lag of the client.

        Args:
            lag_s: how much later it ended for that, at most; infinite for one that was not sent.
        """
        if self.latency_s is None:
            return RequestTimes(0.0, 0.0, 0.0, 0) if math.isinf(lag_s) else self
        if not lag_s:
            return self
        ttft_s = None if self.ttft_s is None else self.ttft_s - lag_s
        # A burst that the arrivals did not have is answered more slowly, token by token.
        return RequestTimes(self.latency_s - lag_s, ttft_s, None if self.tpot_s is None else 0.0, self.tokens)

    def lacks_tpot(self, load: Load) -> bool:
        """Return whether an answered request counts as late because its TPOT is unknown."""
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


@dataclass(frozen=True)
class Offer:
    """The requests of one rate, with their times and the lag of the client."""

    outcomes: Sequence[RequestTimes]
    """One per request."""
    lag_s: Sequence[float]
    """How much of the latency of each may be the client's, at most: `Sending.at_most_s`; infinite for one that was
    never sent behind a lag."""
    arriving_s: float
    """From when the first was due until the last was."""
    total_s: float
    """From when the first was due until the last one ended."""


@dataclass(frozen=True)
class NotHeld:
    """The reasons why a rate was not held, as it was measured."""

    reasons: Sequence[str]
    """In words; empty where it was held."""
    client_late: bool
    """Whether the client may be the only cause, so that it is not known whether the system holds the rate."""


def why_not_held(offer: Offer, load: Load, detail: Detail | None, client: Sending) -> NotHeld:
    """Return the reasons why a rate was not held here, and whether the client may be the only cause.

    Args:
        offer: what was asked.
        load: the suite's.
        detail: LoadGen's; None where it did not time the arrivals.
        client: how punctual it was.
    """
    system, lagged = _system_reasons(offer, load), _client_reasons(client, load)
    errors = [] if detail is None else [f"LoadGen reports an error: {message}" for message in detail.errors[:3]]
    loadgen = [] if detail is None else _loadgen_reasons(detail, load)
    if not lagged or errors or _system_reasons(_without_lag(offer), load):
        return NotHeld([*system, *lagged, *errors, *loadgen], client_late=False)
    return NotHeld([*lagged, *system, *loadgen], client_late=True)


def _without_lag(offer: Offer) -> Offer:
    outcomes = [each.without(lag_s) for each, lag_s in zip(offer.outcomes, offer.lag_s, strict=True)]
    lag_s = max((lag_s for lag_s in offer.lag_s if math.isfinite(lag_s)), default=0.0)
    return replace(offer, outcomes=outcomes, total_s=offer.total_s - lag_s)


def _system_reasons(offer: Offer, load: Load) -> list[str]:
    reasons = []
    queries = len(offer.outcomes)
    failed = sum(outcome.latency_s is None for outcome in offer.outcomes)
    late = sum(not outcome.in_time(load) for outcome in offer.outcomes)
    if late > (1.0 - load.in_time) * queries + ROUNDING:
        lost = f", {failed} of them without an answer" if failed else ""
        unknown = sum(outcome.lacks_tpot(load) for outcome in offer.outcomes)
        lost += f", {unknown} of them without a TPOT to check" if unknown else ""
        reasons.append(
            f"{late} of {queries} requests missed {_deadlines(load)}{lost}: {100 * load.in_time:g}% have to be in time"
        )
    arriving_s, total_s = offer.arriving_s, offer.total_s
    served = (queries - failed) / queries * arriving_s / max(arriving_s, total_s - load.deadline_s)
    if served < MIN_SERVED:
        reasons.append(
            f"served {100 * served:.0f}% of the offered rate: {failed} of {queries} requests have no answer, and the "
            f"last one ended {total_s - arriving_s:.1f} s after the last arrival"
        )
    return reasons


def lacks_early_stopping(detail: Detail) -> bool:
    """Return whether early stopping is the only check of LoadGen that failed: too few requests were in time."""
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
        "Their latency is the client's, not the system's: give the client more processors, or send fewer at once (a "
        "lower rate, a lower max_in_flight)"
    ]


def _loadgen_reasons(detail: Detail, load: Load) -> list[str]:
    if detail.valid or lacks_early_stopping(detail):
        return []
    if not detail.met("result_perf_constraints_met"):
        reason = str(detail.results.get("result_invalid_reason") or "its latency constraint is not met")
        # Of token times LoadGen judges the deadline of the answer, where the suite sets none for tokens.
        if ("TTFT" in reason and load.ttft_deadline_s is None) or ("TPOT" in reason and load.tpot_deadline_s is None):
            reason = f"too many requests missed the deadline of {load.deadline_s:g} s"
    else:
        reason = str(detail.results.get("result_invalid_reason") or "it gives no reason")
    return [f"LoadGen: INVALID, {' '.join(reason.split()).rstrip('.')}"]


def _deadlines(load: Load) -> str:
    parts = [f"the deadline of {load.deadline_s:g} s"]
    if load.ttft_deadline_s is not None:
        parts.append(f"{load.ttft_deadline_s:g} s to the first token")
    if load.tpot_deadline_s is not None:
        parts.append(f"{load.tpot_deadline_s:g} s per token")
    return " or ".join(parts)
