"""Compute the latency of a system: number, percentiles and intervals. The seconds are kept only while they are used.

Ten million answers have 80 MB of them, and as many again by domain, and a page shows a few percentiles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.tail_latency import SHARES
from wattbench_reports.stats import Interval
from wattbench_reports.stats.percentiles import Weighted, mixed, needed, percentile, percentiles
from wattbench_reports.stats.quantile_intervals import Sample, quantile_interval

PROFILE = 100_000
"""Percentiles of a profile: a thousandth of a percent apart."""

Clusters = Callable[[], NDArray[np.integer[Any]]]
"""Returns what each answer shares with others: its block, or in a run without blocks its item."""


@dataclass(frozen=True)
class Mix:
    """A mix of domains, with the share of each."""

    domains: Callable[[], NDArray[np.integer[Any]]]
    """Returns the number of the domain of each answer."""
    shares: NDArray[np.float64]
    """Shape (domains,)."""


class Latencies:
    """The seconds of some answers."""

    def __init__(
        self, read: Callable[[], NDArray[np.float64]], clusters: Clusters | None = None, mix: Mix | None = None
    ) -> None:
        """Remember how the seconds are read.

        Args:
            read: returns them, in any order; NaN where an answer has none.
            clusters: in the same order. None: answers are independent of each other.
            mix: of domains, that percentiles are of; None: every answer counts the same.
        """
        self._read, self._clusters, self._mix = read, clusters, mix

    def __len__(self) -> int:
        """Count the answers that have seconds."""
        return self._summary[0]

    def percentile_s(self, share: float) -> float | None:
        """Return a percentile of the seconds (`wattbench_reports.stats.percentiles`); None from too few seconds.

        Under a mix, of what stands for each domain (`wattbench_reports.stats.percentiles`).
        """
        if self._mix is not None:
            return self._mixed(self._mix).quantile(share) if len(self) >= needed(share) else None
        known = self._summary[1]
        return known[share] if share in known else percentile(self._known(), share)

    def interval_s(self, share: float) -> Interval | None:
        """Return a percentile with its bounds (`wattbench_reports.stats.quantile_intervals`); None where they are too
        few for it."""
        if share not in self._intervals:
            self._intervals[share] = self._bounded(share)
        return self._intervals[share]

    def _bounded(self, share: float) -> Interval | None:
        estimate = self.percentile_s(share)
        interval = None if estimate is None else quantile_interval(self.sample(), share)
        if interval is None or estimate is None:
            return None
        # Under a mix the estimate is of what stands for the requests, and may be next to that of all of them.
        return replace(interval, estimate=estimate, low=min(interval.low, estimate), high=max(interval.high, estimate))

    def of(self, seconds: NDArray[np.float64], answers: NDArray[np.integer[Any]]) -> Latencies:
        """Return the latencies of some of the answers by other seconds, such as those to their first token.

        Args:
            seconds: shape (those,).
            answers: shape (those,): which answer each is of, by its position among all.
        """
        clusters = self._clusters
        return Latencies(lambda: seconds, None if clusters is None else lambda: clusters()[answers])

    def sample(self) -> Sample:
        """Return the seconds with their clusters and strata."""
        seconds = self._read()
        known = np.isfinite(seconds)
        clusters = None if self._clusters is None else self._clusters()[known]
        if self._mix is None:
            return Sample(seconds[known], clusters)
        return Sample(seconds[known], clusters, self._mix.domains()[known], self._mix.shares)

    def longest_s(self) -> float | None:
        """Return the longest seconds; None without any."""
        return float(self._known().max()) if len(self) else None

    def sorted_s(self) -> NDArray[np.float64]:
        """Return the seconds, ascending. They are read anew each time."""
        return np.sort(self._known())

    def profile_s(self) -> NDArray[np.float64]:
        """Return at most `PROFILE` evenly spaced percentiles of the seconds, ascending, up to the greatest.

        All of them where they are no more; else the percentiles that reports show are among them.
        """
        seconds = self.sorted_s()
        if len(seconds) <= PROFILE:
            return seconds
        return np.asarray(seconds[-(-np.arange(1, PROFILE + 1) * len(seconds) // PROFILE) - 1])

    def _known(self) -> NDArray[np.float64]:
        seconds = self._read()
        return seconds[np.isfinite(seconds)]

    @cached_property
    def _summary(self) -> tuple[int, dict[float, float | None]]:
        """Return the number of seconds, and the percentiles that tables show."""
        seconds = self._known()
        return len(seconds), percentiles(seconds, SHARES)

    def _mixed(self, mix: Mix) -> Weighted:
        if self._kept_mixed is None:
            self._kept_mixed = mixed(self._read(), mix.domains(), mix.shares)
        return self._kept_mixed

    _kept_mixed: Weighted | None = None

    @cached_property
    def _intervals(self) -> dict[float, Interval | None]:
        return {}
