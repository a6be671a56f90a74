"""Choose the tail of a system's latency: the highest percentile that its number of requests supports, always named.

Benchmarks print a p95 or p99 of any sample; of 20 requests such a p95 is close to the slowest one. wattbench takes the
early stopping rule of MLPerf LoadGen instead (`wattbench_reports.stats.percentiles.needed`): a p50 needs 7 requests, a
p90 44 and a p95 90, and no percentile is stated from fewer. The rule, wherever a latency is shown:

- **One system** shows its own tail: the highest of p95, p90 and p50 that its requests support, with its name.
- **A table of several systems** shows one percentile in all rows, named in the heading: the lowest of the systems' own
  tails, so that all rows can be compared. A system without a tail has a dash.
- **A column or attribute named after a percentile** (``latency_p95_s``) is empty where the requests do not support it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wattbench_reports.stats.percentiles import label, needed

MEDIAN = 0.5

SHARES = (0.95, 0.9, MEDIAN)
"""The percentiles that can be a tail, highest first."""


@dataclass(frozen=True)
class TailLatency:
    """The highest percentile that a system's requests support."""

    share: float
    """Of the requests that lie below it: one of `SHARES`."""
    seconds: float
    requests: int
    """Requests that it was taken from."""

    @property
    def label(self) -> str:
        """Return the name of the percentile: ``p90``."""
        return label(self.share)


def tail_share(requests: int) -> float | None:
    """Return the highest of `SHARES` that this number of requests supports; None where it supports none."""
    return next((share for share in SHARES if requests >= needed(share)), None)


def common_tail(shares: Iterable[float | None]) -> float | None:
    """Return the percentile that a table of several systems shows, from the `tail_share` of each; None without any."""
    return min((share for share in shares if share is not None), default=None)


def above_median(share: float | None) -> float | None:
    """Return a tail unless it is the p50, which has a column of its own in most tables."""
    return None if share is None or share <= MEDIAN else share
