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
from numpy.typing import NDArray

from wattbench_reports.stats.quantile_intervals import Sample, lowest, variance_between
from wattbench_reports.stats.quantiles import Weighted, quantile
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
    """Return the first less the second, of which one may have fewer clusters."""
    longer = np.zeros(max(len(first), len(second)))
    longer[: len(first)] += first
    longer[: len(second)] -= second
    return longer
