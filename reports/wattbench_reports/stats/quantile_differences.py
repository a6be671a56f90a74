"""Compare a quantile of two systems by the shares of their requests within the quantile of both together.

    q = the quantile of all requests of both, each system counting the same
    d = F_1(q) - F_2(q)             the first has the smaller quantile where it is above 0
    t = (|d| - c) / sqrt(V)         R - 1 degrees of freedom; V of `quantile_intervals`, of the difference of e_r
    c = 1 / n                       half a step of d, of n requests each: F. Yates's correction for continuity,
                                    Supplement to the Journal of the Royal Statistical Society 1 (1934)

Where the two quantiles are the same, both shares are p, so that no density is to be estimated. Systems are paired by
block (what the machine did meanwhile is in both shares, and cancels), without blocks by item.

Valid as `quantile_intervals`. A median test with clustered errors: G. W. Brown and A. M. Mood, "On median tests for
linear hypotheses", 2nd Berkeley Symposium (1951).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.percentiles import Weighted, quantile
from wattbench_reports.stats.quantile_intervals import Sample, lowest, variance_between
from wattbench_reports.stats.student import t_at, t_probability

_ROUNDS = 3
"""How often the variance at a bound is computed again at the bound that it gives: it changes little."""


@dataclass(frozen=True)
class QuantileGap:
    """A comparison of a quantile of two systems."""

    ahead: float
    """How much larger a share of the first one's requests ends within the quantile of both, -1 to 1: above 0 where the
    first has the smaller quantile."""
    p_value: float | None
    """Two-sided; None from fewer than two clusters."""


def quantile_gap(first: Sample, second: Sample, share: float) -> QuantileGap | None:
    """Compare the quantile of two systems; None where one has no values.

    Args:
        first: a system's values; its clusters are those of the other: blocks, or items.
        second: another's.
        share: of the values that lie at or below the quantile.
    """
    if not len(first.values) or not len(second.values):
        return None
    assert first.clusters is not None and second.clusters is not None
    limit, start = _of_both(first, second, share), lowest(first, second)
    ours, theirs = first.within(limit, start), second.within(limit, start)
    ahead, half = ours.share - theirs.share, (1 / ours.effective + 1 / theirs.effective) / 2
    residuals, sizes = _difference(ours.residuals, theirs.residuals), _difference(ours.sizes, -theirs.sizes)
    clusters = int((sizes > 0).sum())
    if clusters < 2:
        return QuantileGap(ahead, None)
    error = variance_between(residuals, clusters) ** 0.5
    if error <= 1e-12 * abs(ahead):  # all clusters show the same difference, or none
        return QuantileGap(ahead, min(1.0, 2 * 0.5**clusters) if ahead else 1.0)
    return QuantileGap(ahead, 2 * t_probability(-max(abs(ahead) - half, 0.0) / error, clusters - 1))


def _of_both(first: Sample, second: Sample, share: float) -> float:
    values = np.concatenate([first.values, second.values])
    if first.strata is None and second.strata is None and len(first.values) == len(second.values):
        return quantile(values, share)
    of_both = Weighted.of(values, np.concatenate([first.weights(), second.weights()])).quantile(share)
    assert of_both is not None  # there are values
    return of_both


def _difference(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Subtract the second array from the first, with zeros for clusters that one of them lacks."""
    longer = np.zeros(max(len(first), len(second)))
    longer[: len(first)] += first
    longer[: len(second)] -= second
    return longer


@dataclass(frozen=True)
class QuantileRatio:
    """A quantile of the second of two systems over that of the first.

    Beyond its bounds `quantile_gap` finds that the first's values, times the ratio, differ from the second's.

    The shares that lie within both quantiles then differ by d = t sqrt(V) + c, so that the bounds are quotients of
    order statistics, Q_2(p + d/2) / Q_1(p - d/2) and the same with -d. V is of the residuals at these, with one item
    that differs added, as agreement of all items is no proof (A. Agresti and Y. Min, Statistics in Medicine 24, 2005).
    """

    first: Sample
    second: Sample
    share: float
    df: float
    """Clusters - 1."""

    @property
    def quantiles(self) -> tuple[float, float]:
        """Return the quantile of each system."""
        return self.first.quantile(self.share), self.second.quantile(self.share)

    @property
    def estimate(self) -> float:
        """Return the logarithm of the ratio."""
        one, two = self.quantiles
        return math.log(two / one)

    def bounds(self, level: float) -> tuple[float, float]:
        """Return bounds of the logarithm, each wrong in a share `level` of samples; infinite if nothing bounds it."""
        if self.df < 1:
            return -math.inf, math.inf
        return min(self._bound(level, -1), self.estimate), max(self._bound(level, 1), self.estimate)

    def _bound(self, level: float, sign: int) -> float:
        values, t = len(self.first.values), t_at(1 - level, self.df)
        apart = 0.0
        for _ in range(_ROUNDS):
            one, two = self.share - sign * apart / 2, self.share + sign * apart / 2
            if not (0 < one < 1 and 0 < two < 1):
                return sign * math.inf
            apart = t * self._error(self.first.quantile(one), self.second.quantile(two)) + 1 / values
        one, two = self.share - sign * apart / 2, self.share + sign * apart / 2
        if not (0 < one <= 1 and 0 < two <= 1):
            return sign * math.inf
        return math.log(self.second.quantile(two) / self.first.quantile(one))

    def _error(self, limit_1: float, limit_2: float) -> float:
        start = lowest(self.first, self.second)
        ours, theirs = self.first.within(limit_1, start), self.second.within(limit_2, start)
        residuals = _difference(ours.residuals, theirs.residuals)
        return math.sqrt(variance_between(residuals, int(self.df) + 1) + len(self.first.values) ** -2)


def quantile_ratio(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    share: float,
    blocks: NDArray[np.integer[Any]] | None = None,
) -> QuantileRatio | None:
    """Compare the quantile of two systems over the same items; None without items.

    Args:
        first: shape (items,), above 0.
        second: likewise, item by item.
        share: of the values that lie at or below the quantile, between 0 and 1.
        blocks: shape (items,): of each, as whole numbers; None: items are independent.
    """
    if not len(first):
        return None
    clusters = len(first) if blocks is None else len(np.unique(blocks))
    return QuantileRatio(Sample(first, blocks), Sample(second, blocks), share, clusters - 1.0)
