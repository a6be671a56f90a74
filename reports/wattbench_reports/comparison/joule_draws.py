"""Compare joules per correct answer of two systems from items drawn again: for runs without blocks.

A pair has the larger of two p-values: that of the share of draws in which the one is lower, and that of Student's t of
the log ratio with the spread of its linearised draws. The share alone can never be below 1 / draws, so that among many
systems it could show nothing; where no draw is on the rarer side, t alone counts.

Source: as `wattbench_reports.stats.bootstrap_p_value`; the linearised ratio: W. G. Cochran, "Sampling Techniques"
(1977), section 6.3. Time is not in these comparisons: see `wattbench_reports.comparison.block_pairs`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import per_request
from wattbench_reports.stats import bootstrap_p_value, ratios, stratified_units
from wattbench_reports.stats.budgets import RESAMPLES, SEED
from wattbench_reports.stats.student import t_probability


@dataclass(frozen=True)
class JouleDraws:
    """Joules and correct answers of several systems: as measured, and over shared draws of the items."""

    joules: NDArray[np.float64]
    """Shape (systems,)."""
    correct: NDArray[np.float64]
    drawn_joules: NDArray[np.float64]
    """Shape (draws, systems)."""
    drawn_correct: NDArray[np.float64]
    df: float
    """Items - 1."""

    def compared(self, first: int, second: int) -> tuple[float, float]:
        """Return the share of draws in which the first needs fewer joules per correct answer, and a two-sided p-value.

        Ties, two infinities among them, count half. One item shows no spread, and so no difference.
        """
        if self.df < 1:
            return 0.5, 1.0
        pair = [first, second]
        drawn = ratios(self.drawn_joules[:, pair], self.drawn_correct[:, pair])
        number = len(drawn)
        lower = float(np.mean(drawn[:, 0] < drawn[:, 1]) + np.mean(drawn[:, 0] == drawn[:, 1]) / 2)
        if min(*self.joules[pair], *self.correct[pair]) <= 0:
            return lower, bootstrap_p_value(lower, number)
        errors = self.drawn_joules[:, pair] / self.joules[pair] - self.drawn_correct[:, pair] / self.correct[pair]
        spread = float((errors[:, 0] - errors[:, 1]).std())
        size = math.log(self.joules[first] / self.correct[first] / (self.joules[second] / self.correct[second]))
        if spread <= 1e-12 * abs(size):  # all items show the same difference: a sign test
            return lower, min(1.0, 2 * 0.5 ** (self.df + 1)) if size else 1.0
        by_spread = min(1.0, 2 * t_probability(-abs(size) / spread, self.df))
        if min(lower, 1 - lower) * number < 1:
            return lower, by_spread
        return lower, max(by_spread, bootstrap_p_value(lower, number))


def over_items(joules: NDArray[np.float64], correct: NDArray[np.float64]) -> JouleDraws:
    """Draw items again, n - 1 of n, every item with the same weight; both arrays have the shape (items, systems)."""
    strata = np.zeros(len(joules), dtype=np.int64)
    drawn = stratified_units(joules, correct, strata=strata, seed=SEED).sums(RESAMPLES)
    return JouleDraws(joules.sum(axis=0), correct.sum(axis=0), drawn[0][:, 0], drawn[1][:, 0], float(len(joules) - 1))


def of_mix(basis: Basis, shares: Shares) -> JouleDraws:
    """Return the draws of a basis for one request of a mix, combined from its domains."""
    kinds = ("energy_j", "correct")
    joules, correct = (per_request(basis, basis.totals[kind], shares) for kind in kinds)
    drawn_joules, drawn_correct = (per_request(basis, basis.drawn.of(kind), shares) for kind in kinds)
    items = float((basis.metered_items * (shares[:, None] > 0)).sum(axis=0).max())
    return JouleDraws(joules, correct, drawn_joules, drawn_correct, items - 1)
