"""Bound a share or a mean from one side, and compute the risk at which a requirement on it is met.

**A share** (of right answers, of requests beyond a limit) has Clopper and Pearson's bounds, of an effective number of
trials: the exact binomial ones where the trials are independent, and wider ones where blocks, repeats or a mix of
domains make the share vary more (E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small
expected number of positive counts estimated from survey data", Survey Methodology 24 (1998)):

    effective = min(most, share (1 - share) / variance x (t(most - 1) / t(df))^2)   t: Student's, at 1 - risk; here a
                share is no nearer to 0 or 1 than a standard error (`independent_trials`)
    low  = the p with P(X >= effective x share) = risk                              X: binomial of p, `effective` trials
    high = the p with P(X <= effective x share) = risk

`most` is the number of trials; under a mix of domains 1 / sum of (part of a domain)^2 / trials (L. Kish, "Survey
Sampling" (1965), 11.7). Where all trials agree there is no variance, and `most` is taken: the bounds then assume that
trials are independent. Spells of failure that the run did not meet are in no bound.

**A mean** (joules, grams or money per request) has Student's t bounds of its logarithm, as the intervals of costs have:
mean x exp(+- t(df) error / mean). Valid where the mean over blocks or items is near a normal distribution: from few
items with heavy tails, or few blocks with rare bursts, the upper bound is too low.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scipy.special import betainc

from wattbench_reports.decision.model import ROUNDING
from wattbench_reports.stats.intervals import clopper_pearson, independent_trials
from wattbench_reports.stats.student import t_at, t_probability

MOST_ITEMS = 10_000_000
"""More items than these are as good as never."""
_LEAST_RISK, _MOST_RISK = 1e-12, 0.499
_HALVINGS = 60
_MOST_LOG = 700.0
"""Of a factor that is a number."""


class BoundedFigure(Protocol):
    """A figure of one system compared with one bound."""

    def bounds(self, risk: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each wrong with at most this risk."""

    def least_risk(self) -> float:
        """Return the least risk at which the requirement is said to be met: a p-value."""

    def further_items(self, items: float, risk: float) -> int | None:
        """Return how many more items would decide at this risk, if the estimate stays; None if too many would."""


@dataclass(frozen=True)
class BoundedShare:
    """A share that is to be at least a bound."""

    shares: Callable[[float], tuple[float, float]]
    """At a risk, the share that the lower and the upper bound are made of: the same, but where another run's machine
    is uncertain."""
    variance: Callable[[float], float]
    """Of a share of this size, over blocks or items."""
    bound: float
    most: float
    """Trials that it is worth at most."""
    df: float
    """Of the variance."""
    sides: int = 1
    """The risk is divided by this: 2 where what another run's machine adds takes the other half."""

    def effective(self, share: float, risk: float) -> float:
        """Return the effective number of trials."""
        variance = self.variance(share)
        if variance <= 0:
            return self.most
        ratio = t_at(1 - risk, max(math.floor(self.most + ROUNDING) - 1, 1)) / t_at(1 - risk, self.df)
        return max(1.0, min(self.most, independent_trials(share, variance) * min(1.0, ratio) ** 2))

    def bounds(self, risk: float) -> tuple[float, float]:
        """Return the lower and the upper bound."""
        each = risk / self.sides
        below, above = self.shares(each)
        low, _ = clopper_pearson(below, self.effective(below, each), each)
        _, high = clopper_pearson(above, self.effective(above, each), each)
        return low, high

    def least_risk(self) -> float:
        """Return the least risk at which the share is said to be at least the bound."""
        return _least(lambda risk: self._is_met(risk, 1.0))

    def further_items(self, items: float, risk: float) -> int | None:
        """Return how many more items would decide whether the share is at least the bound."""
        return _fewest(items, lambda factor: self._is_met(risk, factor) or self._is_missed(risk, factor))

    def _is_met(self, risk: float, factor: float) -> bool:
        each = risk / self.sides
        share, _ = self.shares(each)
        number = self.effective(share, each) * factor
        right = number * share
        return right > 0 and float(betainc(right, number - right + 1, self.bound * (1 - ROUNDING))) <= each

    def _is_missed(self, risk: float, factor: float) -> bool:
        each = risk / self.sides
        _, share = self.shares(each)
        number = self.effective(share, each) * factor
        wrong = number * (1 - share)
        return wrong > 0 and 1 - float(betainc(number - wrong + 1, wrong, self.bound * (1 - ROUNDING))) <= each


@dataclass(frozen=True)
class BoundedMean:
    """A mean that is to be at most a bound."""

    mean: float
    bound: float
    error: float
    """Its standard error."""
    df: float
    fixed: float = 0.0
    """The share of the squared error that more items do not make smaller."""

    def bounds(self, risk: float) -> tuple[float, float]:
        """Return the lower and the upper bound."""
        factor = math.exp(min(t_at(1 - risk, self.df) * self._relative_error, _MOST_LOG))
        return self.mean / factor, self.mean * factor

    def least_risk(self) -> float:
        """Return the least risk at which the mean is said to be at most the bound."""
        most = self.bound * (1 + ROUNDING)
        if not self._relative_error > 0:
            return 0.0 if self.mean <= most else 1.0
        return t_probability(math.log(self.mean / most) / self._relative_error, self.df)

    def further_items(self, items: float, risk: float) -> int | None:
        """Return how many more items would decide whether the mean is at most the bound.

        n' = n (t SE / distance)^2, in the logarithm. Of another run a part f of SE^2 is between sessions, which no
        items make smaller: n' = n (1 - f) / ((distance / (t SE))^2 - f), and no number of items tells where the divisor
        is not above 0.
        """
        if not self.mean > 0:
            return None
        distance = math.log(self.bound / self.mean)
        return further_items(items, self._relative_error, distance, t_at(1 - risk, self.df), self.fixed)

    @property
    def _relative_error(self) -> float:
        return self.error / self.mean if self.mean > 0 else 0.0


@dataclass(frozen=True)
class Exact:
    """A figure that is known exactly, and is to be at most a bound: a recorded peak of memory."""

    value: float
    bound: float

    def bounds(self, risk: float) -> tuple[float, float]:
        """Return the known value as both bounds."""
        return self.value, self.value

    def least_risk(self) -> float:
        """Return 0 where the value keeps the bound, else 1."""
        return 0.0 if self.value <= self.bound * (1 + ROUNDING) else 1.0

    def further_items(self, items: float, risk: float) -> int | None:
        """Return None: an exact figure leaves nothing to decide."""
        return None


def further_items(items: float, error: float, distance: float, score: float, fixed: float = 0.0) -> int | None:
    """Return the number of further items that would make a distance large enough to decide, in standard errors.

    Args:
        items: that there are.
        error: the standard error now.
        distance: from what it is compared with.
        score: how many standard errors decide.
        fixed: the share of the squared error that more items do not make smaller.

    Returns:
        At least 1; None where more than `MOST_ITEMS` would be needed.
    """
    if not (math.isfinite(error) and math.isfinite(distance)) or distance == 0:
        return None
    room = (distance / (score * error)) ** 2 - fixed if error > 0 else math.inf
    needed = items * (1 - fixed) / room - items if room > 0 else math.inf
    return None if not needed <= MOST_ITEMS else max(1, math.ceil(needed))


def _least(is_met: Callable[[float], bool]) -> float:
    """Return the least risk at which a condition is met, by bisection of its logarithm; 1 if not met at a half."""
    low, high = math.log(_LEAST_RISK), math.log(_MOST_RISK)
    if not is_met(_MOST_RISK):
        return 1.0
    if is_met(_LEAST_RISK):
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if is_met(math.exp(middle)) else (middle, high)
    return math.exp(high)


def _fewest(items: float, tells: Callable[[float], bool]) -> int | None:
    """Return the fewest further items that decide; `tells` says whether a multiple of the items decides."""
    low, high = 0, MOST_ITEMS
    if items <= 0 or not tells(1 + high / items):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if tells(1 + middle / items) else (middle, high)
    return high
