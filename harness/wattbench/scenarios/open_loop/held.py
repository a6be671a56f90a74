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

Bound the long-run share of requests in time, from one run of a queue that began empty.

Lateness comes in spells: a queue that is long now is long for the requests that follow. So requests count as fewer
independent ones, n / (1 + 2 Σ r_k), r_k their autocorrelation. The sum is Geyer's initial monotone sequence (C. J.
Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7, 1992), and the largest of three series counts: in
time or not, latency, and the backlog that each request meets, the latter two by their ranks (A. Vehtari et al.,
"Rank-normalization, folding, and localization", Bayesian Analysis 16, 2021). Where all are in time, only these show
how slowly the queue moves.

The lower bound is the smaller of two: Student's t over batch means (A. M. Law and W. D. Kelton, "Simulation Modeling
and Analysis", chapter 9), which also sees a correlation that is longer than the sum reaches, and Clopper and
Pearson's with the effective number. Batch means alone are wrong in up to a quarter of runs where few requests are
late: their variance is then too small, and 0 where none is late. A trend of the backlog is looked for by Mann and
Kendall's test over its batch means.

Assumes that the queue has a steady state and that arrivals, service and machine stay as they were: what changes more
slowly than the run, or rarely, is not in the bounds. docs/why/held-rates.md has the rates in queues in which it holds,
and in queues in which it does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate
from scipy.special import betaincinv, stdtrit
from scipy.stats import kendalltau, rankdata

from wattbench.config import Load
from wattbench.quantities import quantity
from wattbench.records.client_lag import Sending
from wattbench.records.rate_bounds import RISK, TRANSIENT, RateBounds
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


_BATCHES = 20
"""Each of ten or more effective requests, where there are enough for a conclusion. More batches add little (B.
Schmeiser, "Batch size effects in the analysis of simulation output", Operations Research 30, 1982: 10 to 30)."""


def rate_bounds(
    due_s: NDArray[np.float64], ended_s: NDArray[np.float64], in_time: NDArray[np.bool_], answered: NDArray[np.bool_]
) -> RateBounds | None:
    """Return the long-run bounds of a rate from its requests; None with too few requests for batches.

    Args:
        due_s: when each was due, ascending. Shape (requests,), as of the others.
        ended_s: when each was answered, or was given up.
        in_time: whether it met every deadline.
        answered: whether it has an answer.
    """
    cut = math.ceil(TRANSIENT * len(due_s))
    number = len(due_s) - cut
    if number < _BATCHES:
        return None
    latency_s = np.where(answered, ended_s - due_s, np.inf)[cut:]
    waiting = backlog(due_s, ended_s)[cut:]
    met = in_time[cut:].astype(np.float64)
    effective = number / max(correlation_time(each) for each in (met, _ranks(latency_s), _ranks(waiting)))
    return RateBounds(
        cut=cut,
        requests=number,
        in_time=float(met.mean()),
        in_time_low=math.floor(1000 * min(_share_low(float(met.mean()), effective), _batch_low(met))) / 1000,
        effective=math.floor(effective),
        growth_p=math.floor(1000 * _growth_p(waiting)) / 1000,
    )


def backlog(due_s: NDArray[np.float64], ended_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the number of other open requests at the time when each request is due. Shape (requests,)."""
    ended = np.searchsorted(np.sort(ended_s), due_s, side="right")
    return np.asarray(np.maximum(0.0, np.arange(len(due_s)) - ended), dtype=np.float64)


def correlation_time(values: NDArray[np.float64]) -> float:
    """Return 1 + 2 Σ r_k of a series, by Geyer's initial monotone sequence: 1 or more, in requests.

    Shape (requests,). 1 where all values are the same.
    """
    if not np.ptp(values):
        return 1.0
    apart = values - values.mean()
    covariance = correlate(apart, apart, method="fft")[len(apart) - 1 :]
    rho = covariance / covariance[0]
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    ends = np.flatnonzero(pairs <= 0.0)
    positive = pairs[: ends[0]] if len(ends) else pairs
    return max(1.0, 2.0 * float(np.minimum.accumulate(positive).sum()) - 1.0)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rankdata(values), dtype=np.float64)


def _batches(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each batch, without the first requests that do not fill a batch. Shape (BATCHES,)."""
    return np.asarray(values[len(values) % _BATCHES :].reshape(_BATCHES, -1).mean(axis=1), dtype=np.float64)


def _share_low(share: float, effective: float) -> float:
    """Return Clopper and Pearson's lower bound of a share of independent requests, whose number need not be whole."""
    return float(betaincinv(share * effective, (1.0 - share) * effective + 1.0, RISK)) if share else 0.0


def _batch_low(met: NDArray[np.float64]) -> float:
    means = _batches(met)
    half = float(stdtrit(_BATCHES - 1, 1.0 - RISK)) * float(means.std(ddof=1)) / math.sqrt(_BATCHES)
    return max(0.0, float(means.mean()) - half)


def _growth_p(waiting: NDArray[np.float64]) -> float:
    """Return the p of Mann and Kendall's test against a growing backlog (H. B. Mann, Econometrica 13, 1945)."""
    p = float(kendalltau(np.arange(_BATCHES), _batches(waiting), alternative="greater").pvalue)
    return 1.0 if math.isnan(p) else p
