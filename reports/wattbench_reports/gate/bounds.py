"""Bound how much worse a candidate is in one metric, and decide by the bounds and the margin alone.

A worsening is of accuracy the points by which it fell, of any other metric the share by which it rose; negative: an
improvement. `MetricBounds` is what a metric is judged by, of two systems that were asked in turns or of two records.
The verdict is a function of the two bounds that are printed with it, so that a reader can repeat it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.result import Verdict
from wattbench_reports.stats.student import t_upper

Values = NDArray[np.float64]

LAST_LOOK = 0.5
"""The share of an error rate that the last look of a gate spends: that of its items since the look before."""


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
        worsening = np.expm1(bound) if self.logarithmic else bound
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
