"""Compare a quantile of two systems: by how many more of one's requests end within the quantile of both together.

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

from dataclasses import dataclass

import numpy as np

from wattbench_reports.stats.quantile_intervals import Sample, variance_between
from wattbench_reports.stats.quantiles import Weighted
from wattbench_reports.stats.student import t_probability


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
    samples, weights = (first, second), (first.weights(), second.weights())
    pooled = Weighted.of(np.concatenate([each.values for each in samples]), np.concatenate(weights))
    limit = pooled.quantile(share)
    if limit is None or not len(first.values) or not len(second.values):
        return None
    below = [each.values <= limit for each in samples]
    ahead = float(weights[0] @ below[0] - weights[1] @ below[1])
    assert first.clusters is not None and second.clusters is not None
    residuals = [each.residuals(inside, worth) for each, inside, worth in zip(samples, below, weights, strict=True)]
    clusters = np.concatenate([first.clusters, second.clusters])
    present, number = np.unique(clusters, return_inverse=True)
    if len(present) < 2:
        return QuantileGap(ahead, None)
    error = variance_between(np.concatenate([residuals[0], -residuals[1]]), number) ** 0.5
    if error <= 1e-12 * abs(ahead):  # all clusters show the same difference, or none
        return QuantileGap(ahead, min(1.0, 2 * 0.5 ** len(present)) if ahead else 1.0)
    beyond = max(abs(ahead) - sum(float(worth @ worth) for worth in weights) / 2, 0.0)
    return QuantileGap(ahead, 2 * t_probability(-beyond / error, len(present) - 1))
