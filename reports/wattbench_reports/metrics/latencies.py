"""How long the answers of a system took: their number and percentiles; the seconds themselves only while they are used.

Ten million answers have 80 MB of them, and as many again by domain, and a page shows a few percentiles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.tail_latency import SHARES
from wattbench_reports.stats.percentiles import percentile, percentiles

PROFILE = 100_001
"""Percentiles of a profile: a thousandth of a percent apart."""


class Latencies:
    """The seconds of some answers."""

    def __init__(self, read: Callable[[], NDArray[np.float64]]) -> None:
        """Remember how the seconds are read.

        Args:
            read: returns them, in any order; NaN where an answer has none.
        """
        self._read = read

    def __len__(self) -> int:
        """Count the answers that have them."""
        return self._summary[0]

    def percentile_s(self, share: float) -> float | None:
        """Return a percentile, by linear interpolation; None where they are too few for it."""
        known = self._summary[1]
        return known[share] if share in known else percentile(self._known(), share)

    def sorted_s(self) -> NDArray[np.float64]:
        """Return all of them, ascending. They are read anew each time."""
        return np.sort(self._known())

    def profile_s(self) -> NDArray[np.float64]:
        """Return at most `PROFILE` of their percentiles, ascending and evenly spaced, from the least to the greatest.

        All of them where they are no more; else the percentiles that reports show are among them.
        """
        seconds = self.sorted_s()
        if len(seconds) <= PROFILE:
            return seconds
        position = np.linspace(0, len(seconds) - 1, PROFILE)
        below = position.astype(np.int64)
        above = np.minimum(below + 1, len(seconds) - 1)
        return np.asarray(seconds[below] + (seconds[above] - seconds[below]) * (position - below))

    def _known(self) -> NDArray[np.float64]:
        seconds = self._read()
        return seconds[np.isfinite(seconds)]

    @cached_property
    def _summary(self) -> tuple[int, dict[float, float | None]]:
        """Their number, and the percentiles that tables show."""
        seconds = self._known()
        return len(seconds), percentiles(seconds, SHARES)
