"""Test whether the levels of two successive stretches of nights differ.

Sources: effective sample size: G. V. Bayley and J. M. Hammersley, J. R. Stat. Soc. Suppl. 8 (1946); ranks: H. B. Mann
and D. R. Whitney, Ann. Math. Stat. 18 (1947).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from wattbench_reports.stats.series_noise import MOST_ALIKE, Noise, Series, alike_of, excess_of, size_of

_RANKS_FROM = 4
"""Ranks of fewer nights can be sure of nothing."""

_EXACT_RANKS = 8
"""The most nights of the shorter stretch for which rank probabilities are exact."""


def places_beyond(beyond: int) -> float:
    """Return the divisor of the error for a position with k = `beyond` nights beyond it.

    Half of the error is divided evenly among all positions. Of the other half, from either end, this position has the
    share 1 / (k (k - 1)), which over all k sums to 1.
    """
    return 4.0 * beyond * (beyond - 1)


@dataclass(frozen=True)
class TwoStretches:
    """Two stretches of nights, one after the other."""

    before: Series
    after: Series
    resolution: float
    noise: Noise

    @property
    def shift(self) -> float:
        """Return the difference of the two means."""
        return float(self.after.mean() - self.before.mean())

    def p_value(self, nights: int, least: float, level: float) -> float:
        """Return the p-value of no change, or one below the smallest size of interest, in a series of `nights` nights.

        Where the means alone do not reach the level, the single nights are not asked.
        """
        if abs(self.shift) < least:
            return 1.0
        of_means = min(1.0, self.places(nights) * self.p_of_means)
        return of_means if of_means > level else max(of_means, self.p_one_by_one)

    def places(self, nights: int) -> float:
        """Return the factor that makes this p-value hold for all positions of a series of `nights` nights."""
        return min(2.0 * nights, places_beyond(len(self._short_and_long[0])))

    @property
    def p_of_means(self) -> float:
        """Test equal means: Student's t with the variance within both, for autocorrelated nights.

        Of this place alone.
        """
        from scipy import special

        worth = self._worth(len(self.before)), self._worth(len(self.after))
        t = abs(self.shift) / (self._sd * math.sqrt(1 / worth[0] + 1 / worth[1]))
        return 2 * float(special.stdtr(max(sum(worth) - 2, 1.0), -t))

    @property
    def p_one_by_one(self) -> float:
        """The shorter stretch may have any number of nights, k of them with the share 1 / (k (k - 1)) of the error.

        From four nights on there are two ways to ask, so twice the better counts.
        """
        nights = len(self._short_and_long[0])
        by_tails = nights * (nights - 1) * self._p_of_tails()
        return min(1.0, by_tails if nights < _RANKS_FROM else 2 * min(by_tails, self._p_of_ranks()))

    @cached_property
    def _residuals(self) -> list[Series]:
        return [self.before - self.before.mean(), self.after - self.after.mean()]

    @cached_property
    def _moves(self) -> bool:
        """Return whether there is noise beyond rounding."""
        return size_of(self._residuals) >= self.resolution

    @property
    def _nights(self) -> int:
        return len(self.before) + len(self.after)

    @cached_property
    def _sd(self) -> float:
        squares = sum(float(stretch @ stretch) for stretch in self._residuals)
        return max(math.sqrt(squares / (self._nights - 2)), self.resolution)

    @cached_property
    def _alike(self) -> float:
        """Return the autocorrelation: the metric's, or the lower bound of these nights'."""
        if not self._moves:
            return self.noise.alike
        return max(self.noise.alike, min(alike_of(self._residuals) - 2 / math.sqrt(self._nights), MOST_ALIKE))

    @cached_property
    def _freedom(self) -> float:
        """Return the degrees of freedom of a Student's t with tails as heavy as the metric's or as these nights'.

        By its kurtosis they would be 4 + 6 / excess; of heavy tails a sample's falls short, so 3.
        """
        excess = excess_of(np.concatenate(self._residuals)) - 2 * math.sqrt(24 / self._nights) if self._moves else 0.0
        return 3 + 6 / max(self.noise.excess, excess, 1e-3)

    def _worth(self, nights: int) -> float:
        """Return the effective number of independent nights."""
        rho = self._alike
        beyond = rho / (1 - rho) - rho * (1 - rho**nights) / (nights * (1 - rho) ** 2)
        return nights / (1 + 2 * beyond)

    @property
    def _short_and_long(self) -> tuple[Series, Series]:
        return (self.after, self.before) if len(self.after) <= len(self.before) else (self.before, self.after)

    def _p_of_tails(self) -> float:
        """Return the p-value of all nights of the shorter stretch being as extreme as the least extreme one."""
        from scipy import special

        short, long = self._short_and_long
        apart = (short - long.mean()) * np.sign(short.mean() - long.mean())
        nearest = float(apart.min()) / (self._sd * math.sqrt(1 + 1 / len(long)))
        one = float(special.stdtr(self._freedom, -nearest * math.sqrt(self._freedom / (self._freedom - 2))))
        return 2 * one ** self._worth(len(short)) if nearest > 0 else 1.0

    def _p_of_ranks(self) -> float:
        from scipy import stats

        short, long = self._short_and_long
        exact = len(short) <= _EXACT_RANKS
        p_value = stats.mannwhitneyu(short, long, method="exact" if exact else "asymptotic").pvalue
        # Ties make the approximation surer than any order of the nights could be.
        least = 2 / math.comb(self._nights, len(short))
        adjusted: float = max(float(p_value), least) ** (self._worth(len(short)) / len(short))
        return adjusted
