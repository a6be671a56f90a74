"""Compute standard errors clustered by item: the answers to one item are not independent."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def clustered_se(scores: NDArray[np.float64], clusters: NDArray[np.int64]) -> float | None:
    """Return the standard error of a mean over answers, clustered: by item where items were asked more than once.

    It is that of a regression on a constant with clustered errors and the usual correction for few clusters (CR1).
    Treating repeats as independent understates it; with one answer per cluster it is the plain standard error.

    Args:
        scores: shape (answers,), of whatever unit.
        clusters: shape (answers,): the item that the answer is for, as any whole number.

    Returns:
        In the unit of the scores; None from fewer than two clusters, which show no spread.

    Raises:
        ValueError: the two are not of one shape.

    Source: K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models", Biometrika 73
    (1986); for evaluations of language models E. Miller, "Adding error bars to evals", arXiv 2411.00640 (2024).
    """
    if scores.ndim != 1 or scores.shape != clusters.shape:
        raise ValueError(f"scores of shape {scores.shape} have no clusters of shape {clusters.shape}")
    _, member = np.unique(clusters, return_inverse=True)
    return ratio_se(np.bincount(member, weights=scores).astype(np.float64), np.bincount(member).astype(np.float64))


def ratio_se(numerators: NDArray[np.float64], denominators: NDArray[np.float64]) -> float | None:
    """Return the standard error of sum(numerator) / sum(denominator) by linearisation, clustered by item.

    e_i = numerator_i - ratio * denominator_i; se = sqrt(n/(n-1) * sum(e_i^2)) / sum(denominator). It is right for many
    items; where the denominator may be near 0 (few correct answers) use the bootstrap of `ratio_intervals`.

    Args:
        numerators: shape (items,): summed over the repeats of an item, such as joules or scores.
        denominators: shape (items,), not negative: correct answers, or how often the item was asked. An item that is
            zero in both is no item.

    Returns:
        In the unit of the ratio; None from fewer than two items, or without anything to divide by.

    Source: linearised variance of a ratio, W. G. Cochran, "Sampling Techniques" (1977), section 6.3.
    """
    some = (numerators != 0) | (denominators != 0)
    items, total = int(some.sum()), float(denominators.sum())
    if items < 2 or total <= 0:
        return None
    residuals = numerators - float(numerators.sum()) / total * denominators
    return math.sqrt(items / (items - 1) * float(residuals @ residuals)) / total
