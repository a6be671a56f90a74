"""Student's t with few degrees of freedom: quantiles and probabilities that a page's script computes alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from wattbench_reports.stats.intervals import CONFIDENCE

MOST_DF = 200
"""Above this many degrees of freedom those of 200 are taken, half a percent wider than the normal distribution's."""


def t_quantile(df: float, confidence: float = CONFIDENCE) -> float:
    """Return how many standard errors a two-sided interval reaches to either side.

    Args:
        df: degrees of freedom, above 0.
        confidence: the two-sided level.
    """
    return t_at((1 + confidence) / 2, df)


def t_at(probability: float, df: float) -> float:
    """Return the quantile of Student's t at a probability."""
    return float(stdtrit(min(df, MOST_DF), probability))


def t_upper(chance: NDArray[np.float64], df: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values that Student's t exceeds with some chances: arrays of one shape; infinite for a chance of 0."""
    return np.asarray(-stdtrit(np.minimum(df, MOST_DF), chance))


def t_probability(value: float, df: float) -> float:
    """Return the probability that Student's t is below a value."""
    return float(stdtr(min(df, MOST_DF), value))
