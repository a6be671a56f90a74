"""Bound a quantile by inverting the interval of the share below it.

Of n independent values the number at or below the true quantile of a share p is binomial (n, p), whatever their
distribution: two order statistics bound it. Values of one block of a run are alike, so that n is divided by a design
effect, how much more the share below the quantile varies between blocks than it would if values were independent:

    V     = R / (R - 1) sum_r e_r^2      e_r = sum over the block of w_i (1{x_i <= q} - F)      weights w that sum to 1
    n_eff = F (1 - F) / V (z / t)^2      F the share at or below q, t with R - 1 degrees of freedom
    low   = q(k + 1 / n_eff)             P(N <= k) = .025, N binomial (n_eff, p); high with .975

A quantile of a share above 1 would lie beyond the data: there is no upper bound, which is infinite; so for the lower,
which is 0, as values are not negative. Under a mix of domains w_i is the domain's share over its requests, and F in e_r
that of the domain.

Valid where blocks are many enough to meet what happens: of a spell of a minute that hits two blocks of 16, the tail is
what these two show. How often it holds then is in docs/why/percentiles.md, as is how often where noise lasts longer
than a block.

Sources: R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA 47 (1952); C. A. Francisco
and W. A. Fuller, "Quantile estimation with a complex survey design", Annals of Statistics 19 (1991); S. L. Lohr,
"Sampling: Design and Analysis" (2010), section 9.5; the effective number with t after E. L. Korn and B. I. Graubard,
"Confidence intervals for proportions with small expected number of positive counts ...", Survey Methodology 24 (1998).

**A quantile of two systems** is compared by the shares of their requests within the quantile of both together.

    q = the quantile of all requests of both, each system counting the same
    d = F_1(q) - F_2(q)             the first has the smaller quantile where it is above 0
    t = (|d| - c) / sqrt(V)         R - 1 degrees of freedom; V as above, of the difference of e_r
    c = 1 / n                       half a step of d, of n requests each: F. Yates's correction for continuity,
                                    Supplement to the Journal of the Royal Statistical Society 1 (1934)

Where the two quantiles are the same, both shares are p, so that no density is to be estimated. Systems are paired by
block (what the machine did meanwhile is in both shares, and cancels), without blocks by item.

Valid likewise. A median test with clustered errors: G. W. Brown and A. M. Mood, "On median tests for
linear hypotheses", 2nd Berkeley Symposium (1951).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrik

from wattbench_reports.stats.intervals import CONFIDENCE, Interval
from wattbench_reports.stats.percentiles import Weighted, quantile
from wattbench_reports.stats.student import MOST_DF, t_at, t_probability, t_quantile

MOST_EFFECTIVE = 2.0
"""Values are taken to be worth no more than twice as many independent ones: few blocks may agree by chance."""
STEP_ROUNDING = 1e-6
"""Of a step between two values, which a rank misses by a rounding error where it is a whole number."""
_ROUNDS = 3
"""How often the variance at a bound is computed again at the bound that it gives: it changes little."""


@dataclass(frozen=True)
class Sample:
    """Values with their clusters and strata."""

    values: NDArray[np.float64]
    """Shape (values,), in any order, none NaN or negative."""
    clusters: NDArray[np.integer[Any]] | None = None
    """Shape (values,): the block of each, as whole numbers near each other; None, or each one's own: all are
    independent."""
    strata: NDArray[np.integer[Any]] | None = None
    """Shape (values,): the domain of each, where domains have given shares, numbered from 0; None: they have none."""
    shares: NDArray[np.float64] | None = None
    """Shape (domains,): of each of them, with `strata`; one without values takes no part."""

    def weights(self) -> NDArray[np.float64]:
        """Return the weight of each value, shape (values,); they sum to 1."""
        counts = self._of_stratum(None)
        worth = self._worth(counts)
        return np.full(len(self.values), worth[0]) if self.strata is None else worth[self.strata]

    def quantile(self, share: float) -> float:
        """Return the quantile of a share. There is at least one value."""
        if self.strata is None:
            return quantile(self.values, share)
        weighted = Weighted.of(self.values, self.weights()).quantile(share)
        assert weighted is not None  # some stratum has a share
        return weighted

    def within(self, limit: float, first: int = 0) -> Within:
        """Return how much lies at or below a limit, by cluster.

        Args:
            limit: itself below.
            first: the number that clusters begin with.
        """
        below = self.values <= limit
        inside, counts = self._by_cluster(below, first), self._by_cluster(None, first)
        worth = self._worth(counts.sum(axis=0))
        of_stratum = np.divide(inside.sum(axis=0), counts.sum(axis=0), out=np.zeros(len(worth)), where=worth > 0)
        return Within(
            share=float(inside.sum(axis=0) @ worth),
            effective=1 / float(counts.sum(axis=0) @ worth**2),
            residuals=np.asarray((inside - counts * of_stratum) @ worth),
            sizes=counts.sum(axis=1),
        )

    def _worth(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight of one value in each stratum, from the numbers of values of the strata."""
        shares = np.ones(1) if self.strata is None or self.shares is None else self.shares
        worth = np.divide(shares, counts, out=np.zeros(len(shares)), where=counts > 0)
        return np.asarray(worth / (float(worth @ counts) or 1.0))

    def _of_stratum(self, weights: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        if self.strata is None or self.shares is None:
            return np.array([len(self.values) if weights is None else weights.sum()], dtype=np.float64)
        return np.bincount(self.strata, weights, minlength=len(self.shares)).astype(np.float64)

    def _by_cluster(self, weights: NDArray[np.bool_] | None, first: int) -> NDArray[np.float64]:
        """Return the number of values, or of those that are marked, shape (clusters, strata)."""
        strata = 1 if self.strata is None or self.shares is None else len(self.shares)
        number = np.arange(len(self.values)) if self.clusters is None else self.clusters.astype(np.int64) - first
        cell = number if self.strata is None else number * strata + self.strata
        length = (int(number.max(initial=-1)) + 1) * strata
        return np.bincount(cell, weights, minlength=length).astype(np.float64).reshape(-1, strata)


@dataclass(frozen=True)
class Within:
    """How much of a sample lies at or below a limit."""

    share: float
    effective: float
    """Kish's effective size: the number of values, where all count the same."""
    residuals: NDArray[np.float64]
    """Shape (clusters,): what each adds to the share beyond its part, the sum of w_i (1{below} - F)."""
    sizes: NDArray[np.float64]
    """Shape (clusters,): their numbers of values."""


def quantile_interval(sample: Sample, share: float) -> Interval | None:
    """Return a quantile with its bounds; None without a value.

    Args:
        sample: the values.
        share: of the values that lie at or below the quantile, between 0 and 1.

    Returns:
        In the unit of the values. From 0 and to infinity as far as nothing bounds it: all of a single block.
    """
    if not len(sample.values) or (sample.strata is not None and not sample.weights().any()):
        return None
    estimate = sample.quantile(share)
    within = sample.within(estimate, lowest(sample))
    alone = bool(within.sizes.max() <= 1 < len(sample.values))
    effective = within.effective if alone and sample.strata is None else _effective(within)
    low, high = _shares(share, effective) if effective > 0 else (0.0, math.inf)
    # Of independent values outwards at both ends, so that two order statistics hold the quantile in 95% or more.
    step = (1 - STEP_ROUNDING) / within.effective if alone else 0.0
    below = sample.quantile(low - step) if low > step else 0.0
    above = sample.quantile(high) if high <= 1 else math.inf
    return Interval(estimate, min(below, estimate), max(above, estimate))


def lowest(*samples: Sample) -> int:
    """Return the lowest number of a cluster in some samples."""
    return min((int(each.clusters.min(initial=0)) for each in samples if each.clusters is not None), default=0)


def variance_between(residuals: NDArray[np.float64], clusters: int) -> float:
    """Return the variance of a sum of residuals: R / (R - 1) times the sum of their squares.

    Args:
        residuals: shape (clusters or more,), of each cluster; 0 of a number that none has.
        clusters: how many there are, two or more.
    """
    return float(clusters / (clusters - 1) * (residuals @ residuals))


def _effective(within: Within) -> float:
    """Return the effective number of independent values; 0 from a single cluster."""
    clusters, share = int((within.sizes > 0).sum()), within.share
    if clusters < 2:
        return 0.0
    variance = variance_between(within.residuals, clusters)
    narrower = (t_quantile(MOST_DF) / t_quantile(clusters - 1)) ** 2
    independent, most = share * (1 - share) * narrower, MOST_EFFECTIVE * within.effective
    # Where all are below, the share of several domains may be 1 and a rounding error, and does not vary.
    return independent / variance if 0 < independent < most * variance else most


def _shares(share: float, effective: float) -> tuple[float, float]:
    """Return the shares of the values between which the quantile lies; below 0 or above 1 where it may lie beyond
    all."""
    outside = (1 - CONFIDENCE) / 2
    none_below = float((1 - share) ** effective)
    low = (float(bdtrik(outside, effective, share)) + 1) / effective if none_below < outside else 0.0
    return low, (float(bdtrik(1 - outside, effective, share)) + 1) / effective


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
