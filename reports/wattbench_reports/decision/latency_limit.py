"""Compute the share of a system's requests that are answered within a limit, and its variance.

A percentile needs many requests before it can be stated; whether 95% keep a limit can be asked of any. The bounds of
the share within the limit are those of `wattbench_reports.decision.bounds`: of 44 requests that all keep it the share
is at least .949 at a risk of .1, and of 45 at least .95. The variance is the binomial one times a design effect: how
much more the share beyond the limit varies between the blocks of a run than it would if requests were slow
independently of each other, never below 1 (L. Kish, "Survey Sampling" (1965), section 8.2). It is estimated at the
shares `BEYOND` of the system's own latencies, and of a share between two of them the larger one is taken. Where no
request is beyond the limit there is no design effect: the bound then takes the requests as independent, and spells of
slowness that the run did not meet are in no bound. Under a mix of domains the share is the mean of the domains' shares.

The share is read off the seconds that stand for a domain and system (`grid` of
`wattbench_reports.stats.percentiles`), which a page carries: all of them up to 201; of more, 201 quantiles, with
straight lines between them.

Of another run on this machine, where earlier sessions are known (`wattbench_reports.decision.session_moves`), a session
takes all requests longer by one factor, which is as uncertain as the p95 differed between them: half of the risk is
that of the factor, by Student's t of the logarithms, and the bounds are of the limit divided and multiplied by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.decision.model import SHARE
from wattbench_reports.stats.percentiles import POINTS, grid
from wattbench_reports.stats.quantile_intervals import Sample, lowest, variance_between

BEYOND = (0.5, 0.25, 0.1, 0.05, 0.025, 0.01)
"""Shares of requests beyond a limit at which the design effect is estimated."""


@dataclass(frozen=True)
class SystemLatency:
    """The latency of one system, as a check against a limit needs it."""

    grids: tuple[NDArray[np.float64], ...]
    """For each domain: the seconds that stand for its requests, ascending."""
    requests: NDArray[np.float64]
    """Shape (domains,): that were timed."""
    slowest_s: NDArray[np.float64]
    """Shape (domains,): of the slowest request; negative without any."""
    parts: NDArray[np.float64]
    """Shape (domains,): the share of each domain."""
    design_effects: tuple[float, ...]
    """At each share of `BEYOND`, 1 or more."""
    p95_s: float | None = None
    """The seconds within which 95% of the requests were answered, as all tables have it; None from too few of them."""

    def share_within(self, limit_s: float) -> float | None:
        """Return the share of requests within a limit; None where a domain with a share has no timed request."""
        counted = self.parts > 0
        if not counted.any() or (self.requests[counted] == 0).any():
            return None
        domains = zip(self.parts.tolist(), self.requests.tolist(), self.grids, self.slowest_s.tolist(), strict=True)
        shares = (
            part * share_within(seconds, requests, slowest_s, limit_s)
            for part, requests, seconds, slowest_s in domains
            if part > 0
        )
        return min(sum(shares, 0.0), 1.0)

    @property
    def most(self) -> float:
        """Return the effective number of requests, of equal weight, behind a share within a limit."""
        shares = zip(self.parts.tolist(), self.requests.tolist(), strict=True)
        return 1 / sum((float(part**2 / requests) for part, requests in shares if part > 0), 0.0)

    def variance_of_share(self, share: float) -> float:
        """Return the variance of a share within a limit; 0 where all requests are on one side of it."""
        return share * (1 - share) / self.most * self.design_effect(1 - share)

    def design_effect(self, beyond: float) -> float:
        """Return the design effect of a share beyond a limit: the larger of the two at the nearest shares."""
        around = [
            effect
            for effect, above, below in zip(self.design_effects, (1.0, *BEYOND), (*BEYOND[1:], 0.0), strict=False)
            if below <= beyond <= above
        ]
        return max(around)


def share_within(seconds: NDArray[np.float64], requests: float, slowest_s: float, limit_s: float) -> float:
    """Return the share of requests within a limit, from a grid of their seconds.

    Args:
        seconds: of `grid`, ascending.
        requests: how many they stand for.
        slowest_s: of all of them: from there on all are within.
        limit_s: the limit, itself within.
    """
    limit_s = float(np.float32(limit_s))  # rounded as the seconds are: a request that takes the limit is within it
    if requests <= POINTS:
        return float(np.searchsorted(seconds, limit_s, side="right")) / len(seconds)
    reached = (np.arange(len(seconds)) + 0.5) / len(seconds)
    return 1.0 if limit_s >= slowest_s else float(np.interp(limit_s, [*seconds, slowest_s], [*reached, 1.0], left=0.0))


def latencies(measured: Measured) -> list[SystemLatency]:
    """Return the latency of every system of a run, in their order."""
    frames, base = measured.frames, measured.basis
    categories = frames.categories("domain")
    by_system = []
    for number, rows in enumerate(frames.answers_by_system):
        seconds, domain = frames.seconds(rows), frames.codes("domain", rows)
        timed = np.isfinite(seconds)
        in_domain = [seconds[timed & (domain == categories.index(name))] for name in base.domains]
        requests = np.array([float(len(each)) for each in in_domain])
        parts = requests / max(requests.sum(), 1.0) if measured.shares is None else measured.shares
        effects = _design_effects(measured, number, seconds)
        p95_s = measured.systems[frames.systems[number]].latency_percentile_s(SHARE)
        grids = tuple(grid(each) for each in in_domain)
        slowest_s = np.array([each.max(initial=-np.inf) for each in in_domain], dtype=np.float32).astype(np.float64)
        by_system.append(SystemLatency(grids, requests, slowest_s, parts, effects, p95_s))
    return by_system


def _design_effects(measured: Measured, system: int, seconds: NDArray[np.float64]) -> tuple[float, ...]:
    """Return the design effects of a system, from the seconds of its answers; 1 in a run without blocks."""
    frames, blocks = measured.frames, measured.table.blocks
    if blocks is None:
        return (1.0,) * len(BEYOND)
    block = blocks[frames.table_rows_of(frames.systems[system]), system]
    counted = np.isfinite(seconds) & (block >= 0)
    return tuple(design_effect(seconds[counted], block[counted], beyond) for beyond in BEYOND)


def design_effect(seconds: NDArray[np.float64], block: NDArray[np.int64], beyond: float) -> float:
    """Return the factor by which blocks increase the variance of a share of slow requests, 1 or more.

    Args:
        seconds: shape (requests,).
        block: shape (requests,): of each.
        beyond: the share that is slow.
    """
    sample = Sample(seconds, block)
    if not len(seconds):
        return 1.0
    within = sample.within(float(np.quantile(seconds, 1 - beyond)), lowest(sample))
    blocks = int((within.sizes > 0).sum())
    if blocks < 2 or within.share in (0.0, 1.0):
        return 1.0
    independent = within.share * (1 - within.share) / len(seconds)
    return max(1.0, variance_between(within.residuals, blocks) / independent)
