"""The probability that 95% of a system's requests are answered within a limit, from any number of requests.

A percentile needs many requests before it can be stated; whether 95% keep a limit can be asked of any. Where a share p
of n requests was within the limit, the probability is that of a flat prior (`wattbench_reports.stats.share_above`):

    P(met) = P(share >= .95), share of Beta(m p + 1, m (1 - p) + 1), m = n / D

where D is the design effect: how much more the share varies between the blocks of a run than it would if requests were
slow independently of each other, taken at the system's own p95 and never below 1 (L. Kish, "Survey Sampling" (1965),
section 8.2). Under a mix of domains p is the shares' mean, and 1 / n the sum of share^2 / n over domains. A limit is
not called kept for certain where all of a few requests kept it: of 20 it is .66, and it takes 58 of 58 to say that it
is met, as by the exact tolerance limit (S. S. Wilks, "Determination of sample sizes for setting tolerance limits",
Annals of Mathematical Statistics 12 (1941)).

The share is read off the seconds that stand for a domain and system (`grid` of
`wattbench_reports.stats.weighted_quantiles`), which a page carries: all of them up to 201; of more, 201 quantiles, with
straight lines between them.

Of another run on this machine, where earlier sessions are known (`wattbench_reports.decision.session_moves`), a session
takes all requests longer by one factor, which is as uncertain as the p95 differed between them: the limit is divided by
it in each draw, and P(met) is the mean over draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.analysis import Analysis
from wattbench_reports.stats.share_above import probability_above
from wattbench_reports.stats.weighted_quantiles import POINTS, grid

SHARE = 0.95
"""Of the requests that must be answered within a limit."""


@dataclass(frozen=True)
class Limited:
    """One system's requests against a limit."""

    p_met: float
    within: float
    """The share of requests within the limit, as the workload mixes the domains."""
    effective: float
    """How many independent requests that share is worth."""


@dataclass(frozen=True)
class SystemLatency:
    """The latency of one system, as a limit needs it."""

    grids: tuple[NDArray[np.float64], ...]
    """For each domain: the seconds that stand for its requests, ascending."""
    requests: NDArray[np.float64]
    """Shape (domains,): that were timed."""
    parts: NDArray[np.float64]
    """Shape (domains,): the share of each domain."""
    design_effect: float
    p95_s: float | None = None
    """The seconds within which 95% of the requests were answered, as all tables have it; None from too few of them."""

    def within(self, limit_s: float) -> Limited | None:
        """Return how the requests keep a limit; None where a domain with a share has no request that was timed."""
        if not self._known:
            return None
        share = float(self._shares_within(np.array([limit_s]))[0])
        effective = self._effective
        return Limited(probability_above(share * effective, effective, SHARE), share, effective)

    def within_each(self, limits_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return P(met) and the share of requests within each of several limits; of a system that `within` knows."""
        shares, effective = self._shares_within(limits_s), self._effective
        p_met = [probability_above(share * effective, effective, SHARE) for share in shares.tolist()]
        return np.array(p_met), shares

    @property
    def _known(self) -> bool:
        counted = self.parts > 0
        return bool(counted.any()) and not bool((self.requests[counted] == 0).any())

    @property
    def _effective(self) -> float:
        """Return how many independent requests the share within a limit is worth."""
        shares = zip(self.parts.tolist(), self.requests.tolist(), strict=True)
        return 1 / (sum((part**2 / requests for part, requests in shares if part > 0), 0.0) * self.design_effect)

    def _shares_within(self, limits_s: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros(len(limits_s))
        for part, requests, seconds in zip(self.parts.tolist(), self.requests.tolist(), self.grids, strict=True):
            if part > 0:
                total = total + part * shares_within(seconds, requests, limits_s)
        return total


def share_within(seconds: NDArray[np.float64], requests: float, limit_s: float) -> float:
    """Return the share of requests within a limit, from the seconds that stand for them.

    Args:
        seconds: of `grid`, ascending.
        requests: how many they stand for.
        limit_s: the limit, itself within.
    """
    return float(shares_within(seconds, requests, np.array([limit_s]))[0])


def shares_within(seconds: NDArray[np.float64], requests: float, limits_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `share_within` for each of several limits."""
    if requests <= POINTS:
        return np.asarray(np.searchsorted(seconds, limits_s, side="right") / len(seconds))
    reached = (np.arange(len(seconds)) + 0.5) / len(seconds)
    return np.asarray(np.interp(limits_s, seconds, reached, left=0.0, right=1.0))


def latencies(analysis: Analysis) -> list[SystemLatency]:
    """Return the latency of every system of a run, in their order."""
    frames, base = analysis.frames, analysis.basis
    categories = frames.categories("domain")
    by_system = []
    for number, rows in enumerate(frames.answers_by_system):
        seconds, domain = frames.seconds(rows), frames.codes("domain", rows)
        timed = np.isfinite(seconds)
        in_domain = [seconds[timed & (domain == categories.index(name))] for name in base.domains]
        requests = np.array([float(len(each)) for each in in_domain])
        parts = requests / max(requests.sum(), 1.0) if analysis.shares is None else analysis.shares
        effect = _design_effect(analysis, number, seconds)
        p95_s = analysis.measured[frames.systems[number]].latency_percentile_s(SHARE)
        by_system.append(SystemLatency(tuple(grid(each) for each in in_domain), requests, parts, effect, p95_s))
    return by_system


def _design_effect(analysis: Analysis, system: int, seconds: NDArray[np.float64]) -> float:
    """Return the design effect of a system at its own p95, from the seconds of its answers; 1 in a run without
    blocks."""
    frames, blocks = analysis.frames, analysis.table.blocks
    if blocks is None:
        return 1.0
    block = blocks[frames.table_rows_of(frames.systems[system]), system]
    counted = np.isfinite(seconds) & (block >= 0)
    return design_effect(seconds[counted], block[counted])


def design_effect(seconds: NDArray[np.float64], block: NDArray[np.int64]) -> float:
    """Return by how much the variance of the share beyond the p95 is larger than without blocks, 1 or more.

    Args:
        seconds: shape (requests,).
        block: shape (requests,): of each.
    """
    present, number = np.unique(block, return_inverse=True)
    if len(present) < 2:
        return 1.0
    slow = (seconds > np.quantile(seconds, SHARE)).astype(np.float64)
    share, count = float(slow.mean()), np.bincount(number).astype(np.float64)
    if share in (0.0, 1.0):
        return 1.0
    parts = np.bincount(number, weights=slow) - share * count
    between = len(present) / (len(present) - 1) * float((parts**2).sum()) / len(seconds) ** 2
    return max(1.0, between / (share * (1 - share) / len(seconds)))
