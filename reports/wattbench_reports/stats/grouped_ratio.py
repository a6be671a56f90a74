"""Estimate the logarithm of a ratio of sums, with its error, from units that follow each other in time.

Units (pairs of rounds) next to each other are alike, and so are all of one group (a load of the systems, or a stretch
of time). Two estimates of the variance are made, and the larger one counts. Between groups it is that of a mean of
independent groups, which need not be alike (R. Ibragimov and U. K. Müller, "t-statistic based correlation and
heterogeneity robust inference", Journal of Business & Economic Statistics 28, 2010). Between units it is that of a
first-order autoregression (the plug-in of D. W. K. Andrews, "Heteroskedasticity and autocorrelation consistent
covariance matrix estimation", Econometrica 59, 1991), of which groups that are short against the wander of a machine
know nothing.

Valid where groups or a single rate of decay describe what neighbours have in common, and no trend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MOST_CORRELATED = 0.8
"""An autocorrelation above it is not estimated: the variance is then that of nine times fewer units."""


@dataclass(frozen=True)
class GroupedRatio:
    """The logarithm of a ratio of sums."""

    log_ratio: float
    se: float
    df: float
    """Of `se`: one less than the groups, or than as many of one size would be that know as much."""
    skew: float
    """Third cumulant of the estimate over six times its variance, where that is positive, as upper bounds need it; 0
    else. N. J. Johnson, "Modified t tests and confidence intervals for asymmetrical populations", JASA 73, 1978: a
    bound of q standard errors is off by 1 + 2 q² times this."""


def grouped_ratio(
    sums: Values, signs: Values, group: NDArray[np.int64], sizes: NDArray[np.int64]
) -> GroupedRatio | None:
    """Estimate the logarithm of a product of sums and of inverses of sums, linearised.

    Source: W. G. Cochran, "Sampling Techniques", 1977, chapter 6.

    Args:
        sums: shape (units, sums), in the order of time, of a total above 0 each.
        signs: shape (sums,): 1 of a sum that multiplies, -1 of one that divides; their sum is 0.
        group: shape (units,), not falling.
        sizes: shape (units,): items of each.

    Returns:
        None of fewer than two groups, or where a total is 0.
    """
    totals = sums.sum(axis=0)
    number = np.unique(group, return_inverse=True)[1]
    groups = int(number.max()) + 1 if len(number) else 0
    if groups < 2 or not (totals > 0).all():
        return None
    parts = (sums / totals) @ signs
    of_groups = np.bincount(number, parts)
    weights = np.bincount(number, sizes)
    between = float(of_groups @ of_groups) * groups / (groups - 1)
    variance = max(between, _autoregressive(parts))
    df = float(weights.sum()) ** 2 / float(weights @ weights) - 1  # L. Kish, "Survey Sampling", 1965
    third = max(float((parts**3).sum()), 0.0)
    return GroupedRatio(
        float(np.log(totals) @ signs), math.sqrt(variance), df, third / (6 * variance) if variance else 0.0
    )


def _autoregressive(parts: Values) -> float:
    """Return the variance of a sum of successive units whose correlation decays at one rate.

    The bias of the autocorrelation is taken off (M. G. Kendall, "Note on bias in the estimation of autocorrelation",
    Biometrika 41, 1954).
    """
    count = len(parts)
    squares = float(parts @ parts)
    if count < 3 or not squares:
        return 0.0
    seen = float(parts[1:] @ parts[:-1]) / squares
    correlation = min(max(seen + (1 + 3 * seen) / count, 0.0), MOST_CORRELATED)
    return squares * count / (count - 1) * (1 + correlation) / (1 - correlation)
