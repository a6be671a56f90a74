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

from wattbench_reports.stats.intervals import CONFIDENCE, Interval
from wattbench_reports.stats.quantiles import Weighted
from wattbench_reports.stats.student import MOST_DF, t_quantile

MOST_EFFECTIVE = 2.0
"""Values are taken to be worth no more than twice as many independent ones: few blocks may agree by chance."""
STEP_ROUNDING = 1e-6
"""Of a step between two values, which a rank misses by a rounding error where it is a whole number."""


@dataclass(frozen=True)
class Sample:
    """Values, and what makes some of them alike."""

    values: NDArray[np.float64]
    """Shape (values,), in any order, none NaN or negative."""
    clusters: NDArray[np.integer[Any]] | None = None
    """Shape (values,): the block of each, as any whole number; None, or each one's own: all are independent."""
    strata: NDArray[np.integer[Any]] | None = None
    """Shape (values,): the domain of each, where domains have given shares, numbered from 0; None: they have none."""
    shares: NDArray[np.float64] | None = None
    """Shape (domains,): of each of them, with `strata`; one without values takes no part."""

    def weights(self) -> NDArray[np.float64]:
        """Return what each value counts for, shape (values,); they sum to 1."""
        if self.strata is None or self.shares is None:
            return np.full(len(self.values), 1 / max(len(self.values), 1))
        counts = np.bincount(self.strata, minlength=len(self.shares))
        each = np.divide(self.shares, counts, out=np.zeros(len(self.shares)), where=counts > 0)[self.strata]
        return np.asarray(each / (each.sum() or 1.0))

    def residuals(self, below: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each value adds to the share below a limit beyond its part, w_i (1{below} - F).

        Args:
            below: shape (values,).
            weights: of `weights`.
        """
        if self.strata is None:
            return np.asarray(weights * (below - weights @ below))
        number = int(self.strata.max(initial=0)) + 1
        of_stratum = np.bincount(self.strata, weights, minlength=number)
        inside = np.bincount(self.strata, weights * below, minlength=number)
        shares = np.divide(inside, of_stratum, out=np.zeros(number), where=of_stratum > 0)
        return np.asarray(weights * (below - shares[self.strata]))


def quantile_interval(sample: Sample, share: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Return a quantile with its bounds; None without a value.

    Args:
        sample: the values.
        share: of the values that lie at or below the quantile, between 0 and 1.
        confidence: the two-sided level.

    Returns:
        In the unit of the values. From 0 and to infinity as far as nothing bounds it: all of a single block.
    """
    weights = sample.weights()
    ordered = Weighted.of(sample.values, weights)
    estimate = ordered.quantile(share)
    if estimate is None:
        return None
    number = _number(sample)
    effective = _effective(sample, number, weights, sample.values <= estimate, confidence)
    low, high = _shares(share, effective, confidence) if effective > 0 else (0.0, math.inf)
    # Of independent values outwards at both ends, so that two order statistics hold the quantile in 95% or more.
    step = (1 - STEP_ROUNDING) * float(weights @ weights) if number is None else 0.0
    below = ordered.quantile(low - step) if low > step else 0.0
    above = ordered.quantile(high) if high <= 1 else math.inf
    assert below is not None and above is not None  # there are values
    return Interval(estimate, min(below, estimate), max(above, estimate))


def variance_between(residuals: NDArray[np.float64], number: NDArray[np.integer[Any]]) -> float:
    """Return the variance of a sum of residuals, clustered: R / (R - 1) times the sum of the squares of each cluster's.

    Args:
        residuals: shape (values,).
        number: shape (values,): the cluster of each, from 0, two or more.
    """
    sums = np.bincount(number, residuals)
    return float(len(sums) / (len(sums) - 1) * (sums @ sums))


def _number(sample: Sample) -> NDArray[np.integer[Any]] | None:
    """Return the number of each value's cluster, from 0; None where each value is one of its own."""
    if sample.clusters is None:
        return None
    present, number = np.unique(sample.clusters, return_inverse=True)
    return None if len(present) == len(sample.values) > 1 else number


def _effective(
    sample: Sample,
    number: NDArray[np.integer[Any]] | None,
    weights: NDArray[np.float64],
    below: NDArray[np.bool_],
    confidence: float,
) -> float:
    """Return how many independent values they are worth; 0 from a single cluster."""
    alike = 1 / float(weights @ weights)  # Kish's effective size: the number of values, where all count the same
    if number is None and sample.strata is None:
        return alike
    number = np.arange(len(weights)) if number is None else number
    clusters = int(number.max()) + 1
    if clusters < 2:
        return 0.0
    variance, share = variance_between(sample.residuals(below, weights), number), float(weights @ below)
    narrower = (t_quantile(MOST_DF, confidence) / t_quantile(clusters - 1, confidence)) ** 2
    independent, most = share * (1 - share) * narrower, MOST_EFFECTIVE * alike
    return independent / variance if independent < most * variance else most


def _shares(share: float, effective: float, confidence: float) -> tuple[float, float]:
    """Return between which shares of the values the quantile lies; below 0 or above 1 where it may lie beyond them."""
    from scipy.special import bdtrik  # scipy.stats takes a second to import

    outside = (1 - confidence) / 2
    none_below = float((1 - share) ** effective)
    low = (float(bdtrik(outside, effective, share)) + 1) / effective if none_below < outside else 0.0
    return low, (float(bdtrik(1 - outside, effective, share)) + 1) / effective
