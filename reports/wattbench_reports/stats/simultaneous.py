"""Bound several correlated means at once: one-sided bounds that all hold together.

The bound of mean j is its estimate -+ c SE_j, where c is the quantile of max_j T_j and T is multivariate t with the
correlation of the means and the degrees of freedom of the clusters. Correlated means (routers that mostly send requests
to the same systems) so cost less than by Bonferroni, and means of separate samples count as uncorrelated, which is no
less safe (D. Slepian, "The one-sided barrier problem for Gaussian noise", Bell System Technical Journal 41 (1962)).

A draw weighs what each cluster adds by a normal multiplier, and is divided by the root of a chi-squared draw over its
degrees of freedom, as few clusters do not know their own spread. The multipliers are drawn through the correlation
that they give, so that time does not grow with the clusters.

Valid where a mean of clusters is about normal: a few right answers of a rare kind are not; the caller adds what guards
against that to the errors.

Sources: C. W. Dunnett, "A multiple comparison procedure for comparing several treatments with a control", JASA 50
(1955); T. Hothorn, F. Bretz and P. Westfall, "Simultaneous inference in general parametric models", Biometrical Journal
50 (2008); multipliers: V. Chernozhukov, D. Chetverikov and K. Kato, "Gaussian approximations and multiplier bootstrap
for maxima of sums of high-dimensional random vectors", Annals of Statistics 41 (2013).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE
from wattbench_reports.stats.student import MOST_DF


def simultaneous_quantile(
    parts: Sequence[NDArray[np.float64]], df: float, *, confidence: float = CONFIDENCE, seed: int = DEFAULT_SEED
) -> float:
    """Return how many standard errors the one-sided bounds of several means reach, so that all hold together.

    Args:
        parts: of each mean, what each cluster adds to it, shape (clusters,). Means with different numbers of clusters
            count as uncorrelated, and means that do not vary do not count.
        df: degrees of freedom of the errors, above 0: clusters - 1.
        confidence: that all bounds hold.
        seed: of the draws.

    Returns:
        Not below the quantile of a single mean.
    """
    df = min(df, MOST_DF)
    single = float(stdtrit(df, confidence))
    varying = [each for each in parts if float((each**2).sum()) > 0]
    if len(varying) < 2:
        return single
    rng = np.random.default_rng(seed)
    draws = rng.standard_normal((RESAMPLES, len(varying))) @ _root(_correlation(varying)).T
    t = draws / np.sqrt(rng.chisquare(df, size=RESAMPLES) / df)[:, None]
    return max(single, float(np.quantile(t.max(axis=1), confidence)))


def _correlation(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    correlation = np.eye(len(parts))
    scaled = [each / np.sqrt(float((each**2).sum())) for each in parts]
    for first in range(len(parts)):
        for second in range(first):
            if len(scaled[first]) == len(scaled[second]):
                correlation[first, second] = correlation[second, first] = float((scaled[first] * scaled[second]).sum())
    return correlation


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a root of a matrix whose small eigenvalues may be below 0 by rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
