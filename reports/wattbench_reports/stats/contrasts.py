"""Estimate contrasts of systems that were all asked the same blocks.

In block r the contrast of figures x with weights w is d_r = sum_s w_s x_rs. It is estimated by the mean of d_r over R
blocks, with t of R - 1 degrees of freedom on the spread of the d_r: what a block does to all systems alike cancels
where the weights sum to 0.

Of a full factorial, the main effect of a factor's level is the contrast of the means over all other factors' settings,
and an interaction that of two such contrasts.

Sources: F. Yates, "The design and analysis of factorial experiments", Imperial Bureau of Soil Science, Technical
Communication 35 (1937); G. E. P. Box, J. S. Hunter and W. G. Hunter, "Statistics for Experimenters", 2nd ed. (2005),
chapters 4 (randomised blocks) and 5 (main effects and interactions of factorial designs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.intervals import CONFIDENCE
from wattbench_reports.stats.student import t_probability, t_quantile

_ROUNDING = 1e-12
"""What is below this part of the largest figure is the rounding of sums."""


@dataclass(frozen=True)
class Contrast:
    """An estimate with its 95% interval."""

    estimate: float
    low: float | None
    """None of a single block, which has no spread. So `high`."""
    high: float | None
    p_value: float | None
    """Two-sided, that the contrast is 0; None of a single block."""

    def exp(self) -> Contrast:
        """Return the contrast of logarithms as a ratio."""
        low, high = (None if each is None else float(np.exp(each)) for each in (self.low, self.high))
        return Contrast(float(np.exp(self.estimate)), low, high, self.p_value)


def contrast(figures: NDArray[np.float64], weights: NDArray[np.float64], looks: int = 1) -> Contrast:
    """Estimate a contrast.

    Args:
        figures: shape (blocks, systems), at least one block, all of them known.
        weights: shape (systems,).
        looks: at how many numbers of blocks it may be estimated: interval and p-value hold at all of them (Bonferroni).
    """
    of_block = figures @ weights
    of_block[np.abs(of_block) < _ROUNDING * np.abs(figures).max()] = 0.0
    estimate, blocks = float(of_block.mean()), len(of_block)
    if blocks < 2:
        return Contrast(estimate, None, None, None)
    error = float(of_block.std(ddof=1)) / blocks**0.5
    half = t_quantile(blocks - 1, 1 - (1 - CONFIDENCE) / looks) * error
    p_value = 2 * t_probability(-abs(estimate) / error, blocks - 1) if error > 0 else float(estimate == 0)
    return Contrast(estimate, estimate - half, estimate + half, min(1.0, looks * p_value))
