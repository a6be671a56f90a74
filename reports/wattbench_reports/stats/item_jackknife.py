"""Bound a function of sums over answers, by leaving out one item after the other.

With the estimate t, and t(i) without item i of G, the variance is (G - 1) / G sum_i (t(i) - mean)^2, and the interval
that of Student's t with G - 1 degrees of freedom: answers of all systems to one item stay together.

Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 11; J. G. MacKinnon and
H. White, J. of Econometrics 29 (1985).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtr, stdtr, stdtrit

from wattbench_reports.stats.intervals import CONFIDENCE, Interval

SumsFunction = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Takes sums of shape (samples, features) and returns a figure of each sample, shape (samples,)."""


@dataclass(frozen=True)
class ItemEstimate:
    """An estimate with a standard error over items."""

    estimate: float
    error: float
    df: float

    @property
    def interval(self) -> Interval:
        """Return the estimate +- t standard errors."""
        half = float(stdtrit(self.df, (1 + CONFIDENCE) / 2)) * self.error
        return Interval(self.estimate, self.estimate - half, self.estimate + half)

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p-value of a value."""
        distance = abs(self.estimate - null)
        if not self.error > 0:
            return 0.0 if distance > 0 else 1.0
        return 2 * float(stdtr(self.df, -distance / self.error))

    def power(self, shift: float, level: float) -> float:
        """Return the power of the two-sided t test of this level, where the truth is this far from the null."""
        if not self.error > 0:
            return 1.0
        away, most = shift / self.error, float(stdtrit(self.df, 1 - level / 2))
        power = float(1 - nctdtr(self.df, away, most) + nctdtr(self.df, away, -most))
        return 1.0 if math.isnan(power) else power  # scipy computes none so far out that it is 1


def jackknife(
    features: NDArray[np.float64], items: NDArray[np.int64], figure: SumsFunction, least_error: float = 0.0
) -> ItemEstimate | None:
    """Return a figure of sums over answers, with its standard error over items.

    Args:
        features: shape (answers, features): what is summed.
        items: shape (answers,): the item of each, as any whole number.
        figure: of the sums.
        least_error: the standard error is at least this.

    Returns:
        None from fewer than two items, or where the figure is not defined with all items, or without one of them.
    """
    names, item = np.unique(items, return_inverse=True)
    if len(names) < 2:
        return None
    of_item = np.stack([np.bincount(item, column, len(names)) for column in features.T], axis=1)
    total = of_item.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, without = float(figure(total)[0]), figure(total - of_item)
    if not (math.isfinite(estimate) and np.isfinite(without).all()):
        return None
    variance = float(without.var()) * (len(names) - 1)
    return ItemEstimate(estimate, max(math.sqrt(variance), least_error), len(names) - 1.0)
