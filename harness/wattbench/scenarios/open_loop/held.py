"""Whether a system holds a rate: the one rule.

It does when all of these are true.
1. The share of requests that the suite asks for is in time, by LoadGen's early stopping: with a confidence of 99% the
   system would answer at least that share in time, forever (loadgen/early_stopping.cc). In time is a request that was
   answered whole within `deadline_s` of when it was due, and within the deadlines of its first and its later tokens
   where the suite sets any. A request without an answer is not.
2. It served at least `MIN_SERVED` of what was offered, the last request granted its deadline: a queue that only
   empties after the arrivals have ended was growing.
3. LoadGen finds nothing wrong: its own verdict is not INVALID, and it logged no error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wattbench.config import Load
from wattbench.config.open_loop import CONFIDENCE
from wattbench.scenarios.open_loop.loadgen_logs import Detail

MIN_SERVED = 0.9
"""Of the offered rate. A Poisson stream of 44 requests, the fewest that are judged, has a spread of 15% in its
length; the rate as it was drawn is compared, so only the drain after it moves this."""


@dataclass(frozen=True)
class Outcome:
    """What became of one request. Seconds; None where it has no such figure."""

    latency_s: float | None
    """From when it was due to its end; None where it failed."""
    ttft_s: float | None
    tpot_s: float | None
    """Seconds per output token after the first."""

    def in_time(self, load: Load) -> bool:
        """Whether it met every deadline that is set. A figure that cannot be had breaks none but the first."""
        return (
            self.latency_s is not None
            and self.latency_s <= load.deadline_s
            and (load.ttft_deadline_s is None or self.ttft_s is None or self.ttft_s <= load.ttft_deadline_s)
            and (load.tpot_deadline_s is None or self.tpot_s is None or self.tpot_s <= load.tpot_deadline_s)
        )


def enough_in_time(queries: int, late: int, share: float) -> bool:
    """LoadGen's early stopping: whether so many late ones among so many show that the share of all is in time.

    The probability of no more late ones, were exactly `1 - share` of all late, must be below 1%.
    """
    from scipy.stats import binom

    return bool(binom.cdf(late, queries, 1.0 - share) < 1.0 - CONFIDENCE)


def why_not_held(
    outcomes: Sequence[Outcome], load: Load, detail: Detail, *, arriving_s: float, total_s: float
) -> list[str]:
    """Every reason why a rate is not held, in words; empty where it is.

    Args:
        outcomes: one per request.
        load: the suite's.
        detail: LoadGen's.
        arriving_s: from when the first was due until the last was.
        total_s: from when the first was due until the last one ended.
    """
    reasons = []
    asked = len(outcomes)
    failed = sum(outcome.latency_s is None for outcome in outcomes)
    late = sum(not outcome.in_time(load) for outcome in outcomes)
    if not enough_in_time(asked, late, load.in_time):
        lost = f", {failed} of them without an answer" if failed else ""
        reasons.append(
            f"{late} of {asked} requests missed {_deadlines(load)}{lost}: too many to show that "
            f"{100 * load.in_time:g}% are in time"
        )
    served = (asked - failed) / asked * arriving_s / max(arriving_s, total_s - load.deadline_s)
    if served < MIN_SERVED:
        reasons.append(
            f"served {100 * served:.0f}% of the offered rate: {failed} of {asked} requests have no answer, and the "
            f"last one ended {total_s - arriving_s:.1f} s after the last arrival"
        )
    return reasons + _loadgens(detail)


def _loadgens(detail: Detail) -> list[str]:
    reasons = [f"LoadGen reports an error: {message}" for message in detail.errors[:3]]
    if detail.valid:
        return reasons
    if not detail.met("result_perf_constraints_met"):
        said = str(detail.results.get("result_invalid_reason") or "its latency constraint is not met")
        reasons.append(f"LoadGen: INVALID, {_plainly(said)}")
    elif not detail.met("early_stopping_met"):
        reasons.append("LoadGen: INVALID, too many requests over its latency bound (early stopping)")
    else:
        said = str(detail.results.get("result_invalid_reason") or "it gives no reason")
        reasons.append(f"LoadGen: INVALID, {_plainly(said)}")
    return reasons


def _plainly(said: str) -> str:
    return " ".join(said.split()).rstrip(".")


def _deadlines(load: Load) -> str:
    parts = [f"the deadline of {load.deadline_s:g} s"]
    if load.ttft_deadline_s is not None:
        parts.append(f"{load.ttft_deadline_s:g} s to the first token")
    if load.tpot_deadline_s is not None:
        parts.append(f"{load.tpot_deadline_s:g} s per token")
    return " or ".join(parts)
