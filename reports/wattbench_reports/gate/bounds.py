"""Bound how much worse a candidate is in one metric, and decide by the bounds and the margin alone.

A worsening is of accuracy the points by which it fell, of any other metric the share by which it rose; negative: an
improvement. `MetricBounds` is what a metric is judged by, of two systems that were asked in turns or of two records.
The verdict is a function of the two bounds that are printed with it, so that a reader can repeat it.

**A quantile of the seconds** is bounded by how many items of either system lie beyond it. If the candidate's quantile
is d higher than the baseline's, as many of its items exceed (1 + d) times the baseline's quantile as items of the
baseline exceed that. The bounds are the d at which the difference of the two shares is as far from 0 as Student's t
over groups of rounds allows (R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA 47,
1952, for a ratio of two quantiles of the same items). Valid where the two distributions are alike about the quantile
but for their scale: the error of the baseline's quantile then cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats.percentiles import quantile
from wattbench_reports.stats.student import t_upper

Values = NDArray[np.float64]
LAST_LOOK = 0.5
"""The share of an error rate that the last look of a gate spends: that of its items since the look before."""
_ADDED = 4.0
"""Items beyond it in one system only that are added to the variance, which is not 0 then."""
_ONE_SE = 0.1587
"""Of a normal figure, the chance to be a standard error or more above the truth."""


@dataclass(frozen=True)
class AtEnd:
    """The expected precision at the last planned look of a gate; of two records, at their only look."""

    items: float
    standard_error: float
    """Of the estimate, in its unit."""
    df: float
    spent: float
    """The share of an error rate that the look spends."""
    fixed: float = 0.0
    """The part of the standard error that no items take away."""
    drift: float = 0.0
    """The share by which two sessions are assumed to differ at most, which bounds allow for on both sides."""


class MetricBounds(Protocol):
    """The evidence on one metric, look by look. All arrays have the shape (looks,); of two records there is one look.

    NaN in `estimate`: not known yet. A bound that is not known yet is -inf or +inf.
    """

    @property
    def items(self) -> NDArray[np.int64]:
        """Return the number of items judged until each look."""

    @property
    def estimate(self) -> Values:
        """Return the estimated worsening."""

    @property
    def standard_error(self) -> Values:
        """Return the standard error of the estimate; NaN where it is not known."""

    @property
    def least_for_pass(self) -> int:
        """Return the fewest items that give an upper bound."""

    @property
    def at_end(self) -> AtEnd:
        """Return the expected precision at the last planned look, computed from the latest look."""

    @property
    def note(self) -> str:
        """Return a sentence on the limits of the bounds; empty without any."""

    def low(self, level: float) -> Values:
        """Return one-sided lower bounds of the worsening.

        Args:
            level: the chance that any one of them, over all looks together, is above the truth; 0 to 1.
        """

    def high(self, level: float) -> Values:
        """Return one-sided upper bounds of the worsening; arguments as of `low`."""


@dataclass(frozen=True)
class StudentBounds:
    """Student's t bounds of an estimate that is normal on some scale.

    Valid over all looks together by Bonferroni's inequality: look by look they spend the shares of the level that
    `spent` holds.
    """

    items: NDArray[np.int64]
    centre: Values
    """In points, or the logarithm of 1 + the worsening. NaN: not known yet."""
    se: Values
    """Of `centre`."""
    df: Values
    """Degrees of freedom of `se`."""
    spent: Values
    """Shares of the level, of sum 1 at most. For one look: 1."""
    logarithmic: bool
    note: str = ""
    skew: Values | None = None
    """Of `centre`, as `wattbench_reports.stats.grouped_ratio.GroupedRatio.skew`; None: 0."""
    least_items: Values | None = None
    """Of fewer items there is no upper bound."""
    planned: tuple[float, float] | None = None
    """Of systems in turns: the items of the last planned look, and its degrees of freedom."""

    @property
    def estimate(self) -> Values:
        """Return the estimated worsening: see `MetricBounds`."""
        return np.asarray(np.expm1(self.centre) if self.logarithmic else self.centre)

    @property
    def standard_error(self) -> Values:
        """Return the standard error of the estimate: see `MetricBounds`."""
        return np.asarray(self.se * (np.exp(self.centre) if self.logarithmic else 1.0))

    @property
    def least_for_pass(self) -> int:
        """Return the fewest items that give an upper bound: see `MetricBounds`."""
        return 0 if self.least_items is None else math.ceil(self.least_items[-1])

    @property
    def at_end(self) -> AtEnd:
        """Return the expected precision at the last planned look: see `MetricBounds`."""
        items, df = self.planned or (float(self.items[-1]), float(self.df[-1]))
        se = float(self.standard_error[-1]) * math.sqrt(max(float(self.items[-1]), 1.0) / max(items, 1.0))
        return AtEnd(items, se, df, LAST_LOOK if items > self.items[-1] else float(self.spent[-1]))

    def low(self, level: float) -> Values:
        """Return one-sided lower bounds of the worsening: see `MetricBounds`."""
        return self._bound(level, -1.0)

    def high(self, level: float) -> Values:
        """Return one-sided upper bounds of the worsening: see `MetricBounds`."""
        bound = self._bound(level, 1.0)
        return bound if self.least_items is None else np.where(self.items < self.least_items, math.inf, bound)

    def _bound(self, level: float, side: float) -> Values:
        quantile = t_upper(level * self.spent, self.df)
        bound = self.centre + side * quantile * self.se
        if self.skew is not None and side > 0:
            bound = bound + self.skew * (1 + 2 * quantile**2)
        worsening = np.expm1(bound) if self.logarithmic else np.clip(bound, -1.0, 1.0)
        return np.asarray(np.where(np.isfinite(bound), worsening, side * math.inf))


@dataclass(frozen=True)
class MetricEvidence:
    """The two figures of a metric, and the bounds of how they differ."""

    baseline: float
    candidate: float
    bounds: MetricBounds


def verdict_of(low: float, high: float, margin: float, *, either: bool = False) -> Verdict:
    """Decide a metric by its printed bounds.

    Args:
        low: lower bound of the worsening.
        high: upper bound of the worsening.
        margin: the worsening that fails.
        either: a change for the better by the margin fails too.
    """
    if low > margin or (either and high < -margin):
        return Verdict.REGRESSED
    if high > margin or (either and low < -margin):
        return Verdict.INCONCLUSIVE
    return Verdict.IMPROVED if high < 0 and not either else Verdict.PASS


@dataclass(frozen=True)
class QuantileLook:
    """The difference of the shares beyond the quantile, by ratio of the seconds. Arrays have the shape (ratios,)."""

    ratios: Values
    """The candidate's seconds over the baseline's quantile, rising."""
    excess: Values
    """Of the candidate's items, the share beyond each of them, less that of the baseline's beyond its quantile."""
    se: Values
    df: float
    items: int
    estimate: float

    @classmethod
    def of(cls, seconds: Values, group: NDArray[np.int64], share: float) -> QuantileLook:
        """Compute the look from the seconds of the items so far.

        Args:
            seconds: shape (items, 2), above 0: the baseline's and the candidate's.
            group: shape (items,): to which group of rounds each belongs.
            share: which quantile.
        """
        items = len(seconds)
        group = np.unique(group, return_inverse=True)[1]
        groups = int(group.max()) + 1 if items else 0
        limit_s, theirs_s = (quantile(column, share) for column in seconds.T)
        order = np.argsort(seconds[:, 1], kind="stable")
        is_of = group[order] == np.arange(groups)[:, None]
        sizes = is_of.sum(axis=1)
        beyond = sizes[:, None] - np.cumsum(is_of, axis=1)
        baseline = np.bincount(group, seconds[:, 0] > limit_s, groups)
        counts = beyond - baseline[:, None]
        excess = counts.sum(axis=0) / items
        left = counts - sizes[:, None] * excess
        variance = (left**2).sum(axis=0) * groups / max(groups - 1, 1) + _ADDED
        df = max(float(items) ** 2 / float((sizes.astype(np.float64) ** 2).sum()) - 1, 1e-9)
        return cls(seconds[order, 1] / limit_s, excess, np.sqrt(variance) / items, df, items, theirs_s / limit_s - 1)

    def low(self, chance: float) -> float:
        """Return the lower bound of the rise, which is above the truth with at most this chance."""
        possible = np.flatnonzero(self.excess <= self._reach(chance))
        return float(self.ratios[possible[0]] - 1) if len(possible) and possible[0] > 0 else -math.inf

    def high(self, chance: float) -> float:
        """Return the upper bound of the rise, which is below the truth with at most this chance."""
        possible = np.flatnonzero(self.excess >= -self._reach(chance))
        after = int(possible[-1]) + 1 if len(possible) else 0
        return float(self.ratios[after] - 1) if after < len(self.ratios) else math.inf

    def _reach(self, chance: float) -> Values:
        return np.asarray(t_upper(np.array([chance]), np.array([self.df])) * self.se)


@dataclass(frozen=True)
class QuantileBounds:
    """The bounds of the rise of a quantile: see `wattbench_reports.gate.bounds.MetricBounds`."""

    looks: tuple[QuantileLook, ...]
    spent: Values
    note: str
    planned_items: float

    @cached_property
    def items(self) -> NDArray[np.int64]:
        """Return the number of items judged until each look: see `MetricBounds`."""
        return np.array([look.items for look in self.looks], dtype=np.int64)

    @cached_property
    def estimate(self) -> Values:
        """Return the estimated rise: see `MetricBounds`."""
        return np.array([look.estimate for look in self.looks])

    @cached_property
    def standard_error(self) -> Values:
        """Return half the distance between the bounds at the level of one standard error of a normal figure."""
        return np.array([(look.high(_ONE_SE) - look.low(_ONE_SE)) / 2 for look in self.looks])

    @property
    def least_for_pass(self) -> int:
        """Return 0: rare answers do not move a quantile."""
        return 0

    @property
    def at_end(self) -> AtEnd:
        """Return the expected precision at the last planned look: see `MetricBounds`."""
        last = self.looks[-1]
        se = float(self.standard_error[-1]) * math.sqrt(last.items / self.planned_items)
        over = self.planned_items > last.items
        return AtEnd(self.planned_items, se, last.df, LAST_LOOK if over else float(self.spent[-1]))

    def low(self, level: float) -> Values:
        """Return one-sided lower bounds of the rise: see `MetricBounds`."""
        pairs = zip(self.looks, self.spent.tolist(), strict=True)
        return np.array([look.low(level * part) for look, part in pairs])

    def high(self, level: float) -> Values:
        """Return one-sided upper bounds of the rise: see `MetricBounds`."""
        pairs = zip(self.looks, self.spent.tolist(), strict=True)
        return np.array([look.high(level * part) for look, part in pairs])
