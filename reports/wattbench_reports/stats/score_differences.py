"""Bound the difference of the mean scores of two systems over the same items, however few items differ.

Of n items the share w_lost of score is lost and w_won is won; their difference is what accuracy fell by. Each share is
bounded exactly (Clopper-Pearson), and the bounds of the difference recovered from both:

    fall      = lost - won
    high      = fall + sqrt(a^2 + b^2 - 2 r a b)     a = U(lost) - lost, b = won - L(won)
    r         = - sqrt(lost won / ((1 - lost) (1 - won)))     of shares of one multinomial sample
    n_eff     = (lost + won - fall^2) / V (z / t)^2           V the variance of the mean difference, by task

Where no item differs the bound is exact, 1 - level^(1/n); where many do it is fall + t sqrt(V). n_eff is n for scores
of 0 and 1 and a single task; it is larger where scores are graded or tasks differ by how much they moved.

Valid where items are independent, each task a random sample of items like it. Answers do not depend on the machine.

Sources: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934); G. Y. Zou and A. Donner, "Construction of confidence
limits about effect measures", Statistics in Medicine 27 (2008), with the correlation of R. G. Newcombe, "Improved
confidence intervals for the difference between binomial proportions based on paired data", Statistics in Medicine 17
(1998); effective number after E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import clopper_pearson
from wattbench_reports.stats.skewed_means import mean_bounds
from wattbench_reports.stats.student import t_at


@dataclass(frozen=True)
class ScoreFall:
    """By how much the mean score of the second of two systems is below that of the first."""

    lost: float
    """The mean of what items lost, 0 to 1."""
    won: float
    effective: float
    """As how many items with scores of 0 and 1 they count."""
    standard_error: float
    df: float

    @property
    def estimate(self) -> float:
        """Return lost - won, -1 to 1."""
        return self.lost - self.won

    def bounds(self, level: float) -> tuple[float, float]:
        """Return a lower and an upper bound of the fall, each wrong in a share `level` of samples at most.

        Args:
            level: one-sided.
        """
        if self.df < 1:
            return -1.0, 1.0
        narrower = (t_at(1 - level, math.inf) / t_at(1 - level, self.df)) ** 2 if level < 0.5 else 1.0
        number = self.effective * narrower
        fall, above = self.estimate, _distance(self.lost, self.won, number, level)
        below = _distance(self.won, self.lost, number, level)
        return max(-1.0, fall - below), min(1.0, fall + above)


def score_fall(
    first: NDArray[np.float64], second: NDArray[np.float64], strata: NDArray[np.integer[Any]] | None = None
) -> ScoreFall:
    """Compare scores item by item.

    Args:
        first: shape (items,), one or more: the baseline's scores, 0 to 1, an item's repeats averaged.
        second: likewise, of the other system.
        strata: shape (items,): the task of each, as whole numbers from 0; None: all are of one.
    """
    falls = first - second
    lost, won = float(np.maximum(falls, 0.0).mean()), float(np.maximum(-falls, 0.0).mean())
    mean = mean_bounds(falls, strata)
    of_one = lost + won - (lost - won) ** 2
    known = 0 < mean.variance < math.inf and of_one > 0
    effective = of_one / mean.variance if known else float(len(falls))
    return ScoreFall(lost, won, effective, math.sqrt(mean.variance), mean.df)


def _distance(rises: float, falls: float, number: float, level: float) -> float:
    """Return the distance between rises - falls and its upper bound."""
    over = max(clopper_pearson(rises, number, level)[1] - rises, 0.0)
    under = max(falls - clopper_pearson(falls, number, level)[0], 0.0)
    both = (1 - rises) * (1 - falls)
    r = -math.sqrt(min(rises * falls / both, 1.0)) if both > 0 else 0.0
    return math.sqrt(over**2 + under**2 - 2 * r * over * under)
