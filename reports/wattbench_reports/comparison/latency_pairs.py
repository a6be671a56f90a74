"""Compare a percentile of latency of two systems: `wattbench_reports.stats.quantile_intervals`, block by block.

Systems of different runs are not compared: how much another session would differ is not known of a percentile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wattbench_reports.metrics.system_metrics import Measures
from wattbench_reports.metrics.tail_latency import MEDIAN
from wattbench_reports.stats.quantile_intervals import QuantileGap, quantile_gap


@dataclass(frozen=True)
class LatencyPairs:
    """Comparisons of one percentile of latency."""

    measured: Mapping[str, Measures]
    run_of: Mapping[str, str] = field(default_factory=dict)
    """The run of each system, where there are several."""
    share: float = MEDIAN
    """Of the requests that end within the percentile."""

    def gap(self, first: str, second: str) -> QuantileGap | None:
        """Compare a percentile of latency of two systems; None from too few requests, or of different runs."""
        if self.run_of.get(first) != self.run_of.get(second):
            return None
        if any(self.measured[name].latency_percentile_s(self.share) is None for name in (first, second)):
            return None
        if (first, second) not in self._compared:
            # Not kept: of ten million answers they are as large as all that is in memory.
            ours, theirs = (self.measured[name].latency_sample() for name in (first, second))
            self._compared[first, second] = quantile_gap(ours, theirs, self.share)
        return self._compared[first, second]

    def gaps(self, names: Sequence[str]) -> list[list[QuantileGap | None]]:
        """Compare each system with every one after it."""
        return [[self.gap(name, other) for other in names[number + 1 :]] for number, name in enumerate(names)]

    @cached_property
    def _compared(self) -> dict[tuple[str, str], QuantileGap | None]:
        return {}
