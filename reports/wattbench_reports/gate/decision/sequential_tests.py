"""Test worsenings metric by metric: each test turns the rounds of a gate into evidence, look by look.

A worsening is told as its metric's margin is: of accuracy as points that it fell, of all others as the share by which
it rose. A negative one is an improvement.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats import centre_evidence, centre_growth, mean_evidence, mean_growth

Values = NDArray[np.float64]

TAIL = 0.95
TAIL_FIRST_ITEMS = 20
"""Items after which the first threshold for the slowest 5% is set."""
TAIL_MARGIN = (1 - TAIL) / 2
"""How much more, or less, of the items should exceed it if the tail changed."""


class Trial(Protocol):
    """Evidence on one metric. Every array has the shape (rounds,)."""

    @property
    def items(self) -> NDArray[np.int64]:
        """Return the items judged until each round."""

    def worse(self, by: float) -> Values:
        """Return the log evidence against a worsening of at most `by`."""

    def better(self, than: float) -> Values:
        """Return the log evidence against a worsening of at least `than`."""

    def growth(self, worsening: float, *, worse: bool) -> float:
        """Estimate by how much `worse` (else `better`) grows per further item, if those are like the others."""


@dataclass(frozen=True)
class ScoreTrial:
    """A test of accuracy, from each item's score of the candidate minus that of the baseline."""

    x: Values
    """Shape (items,), -1 to 1."""
    items: NDArray[np.int64]
    margin: float

    def worse(self, by: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self.x, -by, self.margin, above=False), self.items)

    def better(self, than: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self.x, -than, self.margin, above=True), self.items)

    def growth(self, worsening: float, *, worse: bool) -> float:
        """See `Trial`."""
        return mean_growth(self.x, -worsening, self.margin, above=not worse)


@dataclass(frozen=True)
class RatioTrial:
    """A test of seconds or joules, from log(candidate / baseline) of each unit of one or several rounds."""

    d: Values
    """Shape (units,)."""
    units: NDArray[np.int64]
    """Shape (rounds,): units that were whole after each round."""
    items: NDArray[np.int64]
    margin: float

    def worse(self, by: float) -> Values:
        """See `Trial`."""
        return _after(centre_evidence(self.d, _log(by), _log(self.margin), above=True), self.units)

    def better(self, than: float) -> Values:
        """See `Trial`."""
        return _after(centre_evidence(self.d, _log(than), _log(self.margin), above=False), self.units)

    def growth(self, worsening: float, *, worse: bool) -> float:
        """See `Trial`."""
        each = centre_growth(self.d, _log(worsening), _log(self.margin), above=worse)
        return each * len(self.d) / max(int(self.items[-1]), 1) if len(self.items) else 0.0


@dataclass(frozen=True)
class TailTrial:
    """A test of the slowest requests, from how many of each system exceed a threshold.

    The threshold is the 95th percentile of the baseline's seconds so far, so that it knows nothing of the items it is
    held against. If the candidate's tail is the baseline's, as many of its items lie beyond it (S. R. Howard and
    A. Ramdas, "Sequential estimation of quantiles with applications to A/B testing", Bernoulli 28, 2022).
    """

    seconds: Values
    """Shape (items, 2): the baseline's and the candidate's."""
    threshold_s: Values
    """Shape (items,): infinite until there is one."""
    items: NDArray[np.int64]

    @classmethod
    def of(cls, seconds: Values, items: NDArray[np.int64]) -> TailTrial:
        """Draw the thresholds."""
        known = np.full(len(seconds), np.inf)
        for start, end in zip([0, *items[:-1].tolist()], items.tolist(), strict=True):
            if start >= TAIL_FIRST_ITEMS:
                known[start:end] = np.quantile(seconds[:start, 0], TAIL)
        return cls(seconds, known, items)

    def worse(self, by: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self._excess(by), 0.0, TAIL_MARGIN, above=True), self.items)

    def better(self, than: float) -> Values:
        """See `Trial`."""
        return _after(mean_evidence(self._excess(than), 0.0, TAIL_MARGIN, above=False), self.items)

    def growth(self, worsening: float, *, worse: bool) -> float:
        """See `Trial`."""
        return mean_growth(self._excess(worsening), 0.0, TAIL_MARGIN, above=worse)

    def _excess(self, by: float) -> Values:
        """Return 1 where only the candidate exceeds its threshold, -1 where only the baseline does."""
        beyond = self.seconds > np.stack([self.threshold_s, self.threshold_s * math.exp(_log(by))], axis=1)
        return beyond[:, 1].astype(np.float64) - beyond[:, 0].astype(np.float64)


@dataclass(frozen=True)
class EitherTrial:
    """A two-sided test: a change for the better counts as much as one for the worse."""

    one: Trial

    @property
    def items(self) -> NDArray[np.int64]:
        """See `Trial`."""
        return self.one.items

    def worse(self, by: float) -> Values:
        """Return the evidence of two bets with half of the wealth each, one per side."""
        return np.logaddexp(self.one.worse(by), self.one.better(-by)) - math.log(2)

    def better(self, than: float) -> Values:
        """Return the lesser evidence of the two sides: both must be ruled out."""
        return np.minimum(self.one.better(than), self.one.worse(-than))

    def growth(self, worsening: float, *, worse: bool) -> float:
        """See `Trial`."""
        own_growth = self.one.growth(worsening, worse=worse)
        theirs = self.one.growth(-worsening, worse=not worse)
        return max(own_growth, theirs) if worse else min(own_growth, theirs)


def bounds(trial: Trial, level: float, lowest: float, highest: float) -> tuple[float | None, float | None]:
    """Bound the true worsening: either bound errs in at most `level` of the gates, whenever they stop.

    They are of the evidence as it stands, and not of the most that there ever was: that would be narrower, and might
    leave out what is seen.

    Args:
        trial: with a round at least.
        level: 0 to 1.
        lowest: the worsening below which nothing is possible, or looked for.
        highest: likewise.

    Returns:
        Lower and upper bound; None where the items do not bound it.
    """
    needed = math.log(1 / level)
    low = _last_true(lambda by: bool(trial.worse(by)[-1] >= needed), lowest, highest)
    high = _last_true(lambda by: bool(trial.better(-by)[-1] >= needed), -highest, -lowest)
    return low, None if high is None else -high


def _last_true(shown: Callable[[float], bool], low: float, high: float) -> float | None:
    """Bisect for the largest value for which a monotone claim is shown, to 0.0001; None: none is."""
    if not shown(low):
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if shown(middle) else (low, middle)
    return low


def _after(log_wealth: Values, counts: NDArray[np.int64]) -> Values:
    """Return the value after each round, by which `counts` figures had come."""
    return np.concatenate(([0.0], log_wealth))[counts]


def _log(share: float) -> float:
    return math.log1p(max(share, -1 + 1e-9))
