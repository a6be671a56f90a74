"""Test worsenings metric by metric: each test turns the rounds of a gate into evidence, look by look.

A worsening is stated as its metric's margin is: of accuracy as points that it fell, of all others as the share by which
it rose. A negative one is an improvement. How far the truth is likely to be from a claim that is false, `distance`, is
in points or in logarithms of a ratio; it only decides how soon that is found.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats import (
    Bounded,
    Strata,
    centre_evidence,
    centre_growth,
    levelled,
    mean_evidence,
    mean_growth,
    variances_before,
)

Values = NDArray[np.float64]

TAIL = 0.95
TAIL_FIRST_ITEMS = 20
"""Items after which the first threshold for the slowest 5% is set."""
TAIL_UNIT_ITEMS = 32
"""Items at least of which one figure is of: of fewer it is 0 most of the time, which says nothing."""
TAIL_MARGIN = (1 - TAIL) / 2
"""How much more, or less, of the items should exceed it if the tail changed."""


class Trial(Protocol):
    """Evidence on one metric. Every array has the shape (rounds,)."""

    @property
    def items(self) -> NDArray[np.int64]:
        """Return the items judged until each round."""

    def worse(self, by: float, distance: float) -> Values:
        """Return the log evidence against a worsening of at most `by`."""

    def better(self, than: float, distance: float) -> Values:
        """Return the log evidence against a worsening of at least `than`."""

    def growth(self, worsening: float, distance: float, *, worse: bool) -> float:
        """Estimate by how much `worse` (else `better`) grows per further item, if those are like the others."""


@dataclass(frozen=True)
class ScoreTrial:
    """A test of accuracy, from each item's score of the candidate minus that of the baseline."""

    x: Values
    """Shape (items,), -1 to 1."""
    items: NDArray[np.int64]
    tasks: Strata | None = None
    """Of the items; None where it is not known how many of each the suite has. What tasks differ by is no evidence."""

    def worse(self, by: float, distance: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self._figures, -by, distance, above=False), self.items)

    def better(self, than: float, distance: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self._figures, -than, distance, above=True), self.items)

    def growth(self, worsening: float, distance: float, *, worse: bool) -> float:
        """See `Trial`."""
        return mean_growth(self._figures, -worsening, distance, above=not worse)

    @cached_property
    def _figures(self) -> Values | Bounded:
        return self.x if self.tasks is None else levelled(self.x, self.tasks)


@dataclass(frozen=True)
class RatioTrial:
    """A test of seconds or joules, from log(candidate / baseline): one figure of each coin, or of several.

    A coin says which system is asked first; the figure is of all rounds that it counts for, so that what the order does
    cancels, and two equal systems are ahead equally often.
    """

    d: Values
    """Shape (figures,)."""
    sizes: NDArray[np.int64]
    """Shape (figures,): items of each."""
    figures: NDArray[np.int64]
    """Shape (rounds,): figures that were whole after each round."""
    items: NDArray[np.int64]

    def worse(self, by: float, distance: float) -> Values:
        """See `Trial`."""
        return _after(centre_evidence(self.d, log_ratio(by), distance, above=True, spread=self._spread), self.figures)

    def better(self, than: float, distance: float) -> Values:
        """See `Trial`."""
        return _after(
            centre_evidence(self.d, log_ratio(than), distance, above=False, spread=self._spread), self.figures
        )

    def growth(self, worsening: float, distance: float, *, worse: bool) -> float:
        """See `Trial`."""
        each = centre_growth(self.d, log_ratio(worsening), distance, above=worse, spread=self._spread)
        return each / float(self.sizes[-1]) if len(self.d) else 0.0

    @cached_property
    def _spread(self) -> Values:
        return variances_before(self.d, self.sizes)


@dataclass(frozen=True)
class TailTrial:
    """A test of the slowest requests, from how many of each system exceed a threshold.

    The threshold is the 95th percentile of the baseline's seconds so far, so that it knows nothing of the items it is
    held against. If the candidate's tail is the baseline's, as many of its items lie beyond it (S. R. Howard and
    A. Ramdas, "Sequential estimation of quantiles with applications to A/B testing", Bernoulli 28, 2022). The figure of
    a few pairs is by how many of their items more of the candidate lie beyond it: items of a pair are slow together, so
    that they are no bets of their own, and a coin of the pair makes either sign as likely as the other.
    """

    seconds: Values
    """Shape (items, 2): the baseline's and the candidate's."""
    threshold_s: Values
    """Shape (items,): infinite until there is one."""
    units: NDArray[np.int64]
    """Shape (items,): the figure to which each counts; -1 where it counts to none."""
    figures: NDArray[np.int64]
    """Shape (rounds,): figures that were whole after each round."""
    items: NDArray[np.int64]
    _by_share: dict[float, tuple[Values, Values]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, seconds: Values, ends: list[int], usable: list[bool]) -> TailTrial:
        """Set the thresholds and the figures.

        Args:
            seconds: shape (items, 2), in the order in which they were asked.
            ends: of each round, the number of items until its end.
            usable: of each round, whether it completes a pair.
        """
        threshold_s = np.full(len(seconds), np.inf)
        units = np.full(len(seconds), -1)
        figures, start, number = [], 0, 0
        for end, whole in zip(ends, usable, strict=True):
            if whole and start < TAIL_FIRST_ITEMS <= end:
                start = end
            elif whole and start >= TAIL_FIRST_ITEMS and end - start >= TAIL_UNIT_ITEMS:
                threshold_s[start:end] = np.quantile(seconds[:start, 0], TAIL)
                units[start:end] = number
                start, number = end, number + 1
            figures.append(number)
        return cls(seconds, threshold_s, units, np.array(figures, dtype=np.int64), np.array(ends, dtype=np.int64))

    def worse(self, by: float, distance: float) -> Values:
        """See `Trial`."""
        excess, spread = self._excess(by)
        return _after(centre_evidence(excess, 0.0, TAIL_MARGIN, above=True, spread=spread), self.figures)

    def better(self, than: float, distance: float) -> Values:
        """See `Trial`."""
        excess, spread = self._excess(than)
        return _after(centre_evidence(excess, 0.0, TAIL_MARGIN, above=False, spread=spread), self.figures)

    def growth(self, worsening: float, distance: float, *, worse: bool) -> float:
        """See `Trial`."""
        excess, spread = self._excess(worsening)
        counted = int((self.units >= 0).sum())
        each = centre_growth(excess, 0.0, TAIL_MARGIN, above=worse, spread=spread)
        return each * len(excess) / counted if counted else 0.0

    def _excess(self, by: float) -> tuple[Values, Values]:
        """Return each figure: the share of its items where the candidate exceeds its threshold, less the baseline's."""
        if by not in self._by_share:
            beyond = self.seconds > np.stack([self.threshold_s, self.threshold_s * math.exp(log_ratio(by))], axis=1)
            more = (beyond[:, 1].astype(np.float64) - beyond[:, 0])[self.units >= 0]
            counted = self.units[self.units >= 0]
            excess = np.bincount(counted, more) / np.bincount(counted) if len(counted) else np.zeros(0)
            self._by_share[by] = (excess, variances_before(excess))
        return self._by_share[by]


def log_ratio(worsening: float) -> float:
    """Return the logarithm of a ratio that is higher by a share."""
    return math.log1p(max(worsening, -1 + 1e-9))


def highest_shown(shown: Callable[[float], bool], pivot: float, low: float, high: float) -> float | None:
    """Bisect for the largest value for which a claim is shown, to 0.0001; None: it is shown for none.

    Args:
        shown: whether it is shown; what is shown for a value is shown for any smaller one.
        pivot: a value between the others that is looked at first, so that the result is on the side of it that it is.
        low: the least value.
        high: the greatest.
    """
    if shown(pivot):
        low = pivot
    elif shown(low):
        high = pivot
    else:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if shown(middle) else (low, middle)
    return low


def _after(log_wealth: Values, counts: NDArray[np.int64]) -> Values:
    """Return the value after each round, by which `counts` figures had come."""
    return np.concatenate(([0.0], log_wealth))[counts]
