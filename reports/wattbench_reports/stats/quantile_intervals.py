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
what these two show. How often it holds then is in docs/rates.md, as is how often where noise lasts longer than a block.

Sources: R. S. Woodruff, "Confidence intervals for medians and other position measures", JASA 47 (1952); C. A. Francisco
and W. A. Fuller, "Quantile estimation with a complex survey design", Annals of Statistics 19 (1991); S. L. Lohr,
"Sampling: Design and Analysis" (2010), section 9.5; the effective number with t after E. L. Korn and B. I. Graubard,
"Confidence intervals for proportions with small expected number of positive counts ...", Survey Methodology 24 (1998).
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
from wattbench_reports.stats.student import MOST_DF, t_quantile

MOST_EFFECTIVE = 2.0
"""Values are taken to be worth no more than twice as many independent ones: few blocks may agree by chance."""
STEP_ROUNDING = 1e-6
"""Of a step between two values, which a rank misses by a rounding error where it is a whole number."""


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


def quantile_interval(sample: Sample, share: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Return a quantile with its bounds; None without a value.

    Args:
        sample: the values.
        share: of the values that lie at or below the quantile, between 0 and 1.
        confidence: the two-sided level.

    Returns:
        In the unit of the values. From 0 and to infinity as far as nothing bounds it: all of a single block.
    """
    if not len(sample.values) or (sample.strata is not None and not sample.weights().any()):
        return None
    estimate = sample.quantile(share)
    within = sample.within(estimate, lowest(sample))
    alone = bool(within.sizes.max() <= 1 < len(sample.values))
    effective = within.effective if alone and sample.strata is None else _effective(within, confidence)
    low, high = _shares(share, effective, confidence) if effective > 0 else (0.0, math.inf)
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


def _effective(within: Within, confidence: float) -> float:
    """Return the effective number of independent values; 0 from a single cluster."""
    clusters, share = int((within.sizes > 0).sum()), within.share
    if clusters < 2:
        return 0.0
    variance = variance_between(within.residuals, clusters)
    narrower = (t_quantile(MOST_DF, confidence) / t_quantile(clusters - 1, confidence)) ** 2
    independent, most = share * (1 - share) * narrower, MOST_EFFECTIVE * within.effective
    # Where all are below, the share of several domains may be 1 and a rounding error, and does not vary.
    return independent / variance if 0 < independent < most * variance else most


def _shares(share: float, effective: float, confidence: float) -> tuple[float, float]:
    """Return the shares of the values between which the quantile lies; below 0 or above 1 where it may lie beyond
    all."""
    outside = (1 - confidence) / 2
    none_below = float((1 - share) ** effective)
    low = (float(bdtrik(outside, effective, share)) + 1) / effective if none_below < outside else 0.0
    return low, (float(bdtrik(1 - outside, effective, share)) + 1) / effective
