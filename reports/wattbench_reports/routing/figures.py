"""Compute means over items with their uncertainty: the intervals of a routing study.

With weights w_i that sum to 1 a mean of v is sum w_i v_i, and cluster r adds

    z_r = sum over its items of w_i (v_i - m),   var = R / (R - 1) sum z_r^2,   t with R - 1 degrees of freedom

where m is the mean; under a workload's mix of domains, whose shares are given, the mean of the item's domain. Clusters
are the blocks of a run, so that what happened to a machine during a block is in the interval; without blocks they are
the requests that read alike, as copies of a template err together, and else the items. A paired difference of two
systems or routers is the mean of the differences.

In a run with blocks whose requests read alike in part, errors are clustered both ways,

    var = max(var of blocks, var of blocks + var of alike - var of both)

and what each block adds is made larger by the root of var / var of blocks, with the degrees of freedom of the fewer
clusters. Joining what shares a block or reads alike would leave one cluster, as copies are dealt over all blocks.

Sources: A. C. Cameron, J. B. Gelbach and D. L. Miller, "Robust inference with multiway clustering", Journal of Business
and Economic Statistics 29 (2011), for both ways, and the larger of the two, J. G. MacKinnon, M. O. Nielsen and M. D.
Webb, "Wild bootstrap and asymptotic inference with multiway clustering", same journal 39 (2021); linearisation and
clusters as `wattbench_reports.stats.intervals`; L. Kish, "Survey Sampling" (1965); t with clusters - 1 degrees
of freedom, C. B. Hansen, Journal of Econometrics 141 (2007); a share as Wilson's interval
of the independent trials that it is worth, `wattbench_reports.stats.intervals.accuracy_interval`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.routing.answers.item_answers import ItemAnswers, weighted_mean
from wattbench_reports.stats import CONFIDENCE, Interval, wilson_interval
from wattbench_reports.stats.student import t_quantile

_NOTHING = 1e-12
"""A variance of a share below this is rounding."""
_ROUNDING = 1e-12
"""A mean below this part of the largest value is rounding."""


@dataclass(frozen=True)
class ItemFigure:
    """A mean over items, with what each cluster adds to it."""

    estimate: float
    parts: NDArray[np.float64]
    """Shape (clusters,)."""
    df: float
    """Degrees of freedom; 0 from a single cluster, which bounds nothing."""
    items: float
    """How many equally weighted items the weights are worth."""
    agreeing: float
    """The same where items that read alike count as one: what all of them that agree are worth."""

    @property
    def se(self) -> float:
        """Return the standard error; infinite from a single cluster."""
        clusters = len(self.parts)
        if clusters < 2:
            return math.inf
        return math.sqrt(clusters / (clusters - 1) * float((self.parts**2).sum()))

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return the estimate with Student's t bounds."""
        if not self.df > 0:
            return Interval(self.estimate, -math.inf, math.inf)
        half = t_quantile(self.df, confidence) * self.se
        return Interval(self.estimate, self.estimate - half, self.estimate + half)

    def share(self) -> Interval:
        """Return the estimate of a mean score with bounds within 0 and 1, never of width 0."""
        share = min(max(self.estimate, 0.0), 1.0)
        if not self.df > 0:
            return wilson_interval(share, 1.0)
        variance = self.se**2
        trials = self.items
        if variance > _NOTHING:
            ratio = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) / t_quantile(self.df)
            trials = min(max(share * (1 - share) / variance * ratio**2, 1.0), 4 * self.items)
        return wilson_interval(share, trials)


def item_figure(
    answers: ItemAnswers, values: NDArray[np.float64], among: NDArray[np.bool_] | None = None
) -> ItemFigure:
    """Return the weighted mean of one value per item, with what bounds it.

    Args:
        answers: of the run.
        values: shape (items,).
        among: shape (items,): the items that count; None: all. At least one.
    """
    weight = answers.weight
    if among is not None:
        weight = np.where(among, weight, 0.0)
        weight = weight / weight.sum()
    parts = cluster_parts(answers, values, weight)
    if among is not None:
        parts = parts[np.bincount(answers.cluster, weights=among, minlength=answers.clusters) > 0]
    estimate = float((weight * values).sum())
    if abs(estimate) < _ROUNDING * float(np.abs(values).max(initial=0.0)):
        estimate = 0.0
    items, df = 1.0 / float((weight**2).sum()), float(len(parts) - 1)
    if answers.alike is None:
        return ItemFigure(estimate, parts, df, items, items)
    of_alike = np.bincount(answers.alike, weights=weight)
    agreeing = 1.0 / float((of_alike**2).sum())
    if answers.blocked:
        parts = parts * _both_ways(answers, values, weight, parts)
        df = min(df, float((of_alike > 0).sum() - 1))
    return ItemFigure(estimate, parts, df, items, agreeing)


def _both_ways(
    answers: ItemAnswers, values: NDArray[np.float64], weight: NDArray[np.float64], parts: NDArray[np.float64]
) -> float:
    """Return the factor by which clustering by similar requests, in addition to blocks, widens standard errors."""
    assert answers.alike is not None
    each = _weighed(weight, values - _centres(answers, values, weight))
    _, both = np.unique(answers.cluster * (answers.alike.max() + 1) + answers.alike, return_inverse=True)

    def variance(summed: NDArray[np.float64]) -> float:
        clusters = int((np.abs(summed) > 0).sum())
        return clusters / max(clusters - 1, 1) * float((summed**2).sum())

    of_blocks = variance(parts)
    more = variance(_summed(answers.alike, each)) - variance(_summed(both, each))
    return math.sqrt(1 + max(more, 0.0) / of_blocks) if of_blocks > 0 else 1.0


def _summed(number: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(number, weights=values).astype(np.float64)


def cluster_parts(
    answers: ItemAnswers, values: NDArray[np.float64], weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return what each cluster adds to means over the items.

    Args:
        answers: of the run.
        values: shape (items,) or (items, columns).
        weight: shape (items,): in place of those of the run; they sum to 1.

    Returns:
        Shape (clusters,) or (clusters, columns).
    """
    weight = answers.weight if weight is None else weight
    parts = _weighed(weight, values - _centres(answers, values, weight))
    if not answers.blocked and np.array_equal(answers.cluster, np.arange(answers.items)):
        return parts
    summed = np.zeros((answers.clusters, *parts.shape[1:]))
    np.add.at(summed, answers.cluster, parts)
    return summed


def _centres(answers: ItemAnswers, values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean around which each item varies: its domain's under a mix, else that of all items."""
    if not answers.mixed:
        return weighted_mean(weight, values)
    sums = np.zeros((len(answers.domains), *values.shape[1:]))
    np.add.at(sums, answers.domain, _weighed(weight, values))
    totals = np.bincount(answers.domain, weights=weight, minlength=len(answers.domains))
    return np.asarray(_weighed(1 / np.where(totals > 0, totals, 1.0), sums)[answers.domain])


def _weighed(weight: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weight.reshape(-1, *(1,) * (values.ndim - 1)) * values)
