"""Describe how figures scatter from night to night: size, tails, and autocorrelation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_ALIKE = 0.9
"""The highest correlation of one night with the next that is believed."""

Series = NDArray[np.float64]
"""Shape (nights,), in order, without gaps, on a scale on which noise adds: the logarithm of seconds or joules."""


@dataclass(frozen=True)
class Noise:
    """The noise of a metric from night to night, apart from its size."""

    excess: float = 0.0
    """Kurtosis beyond a normal distribution's: how much freak nights there are."""
    alike: float = 0.0
    """Correlation of a night with the next, 0 or more."""


def noise_sd(values: Series) -> float:
    """Return the standard deviation from one night to the next, which a moving level hardly raises.

    It is the mean absolute difference between neighbours, scaled to a standard deviation. (The median one is 0 where
    most nights come out alike, as shares of a few items do.)
    """
    return float(np.mean(np.abs(np.diff(values)))) * math.sqrt(math.pi) / 2


def residuals_of(values: Series, positions: Sequence[int]) -> list[Series]:
    """Return each stretch without its mean."""
    return [stretch - stretch.mean() for stretch in np.split(values, positions)]


def size_of(stretches: Sequence[Series]) -> float:
    """Return the root of the mean square."""
    return math.sqrt(float(np.mean(np.concatenate(stretches) ** 2)))


def excess_of(residuals: Series) -> float:
    """Return the excess kurtosis of residuals that are not all 0."""
    return float(np.mean(residuals**4)) / float(np.mean(residuals**2)) ** 2 - 3


def alike_of(stretches: Sequence[Series]) -> float:
    """Return the correlation of a night with the next, corrected for the bias of unknown means."""
    squares = sum(float(stretch @ stretch) for stretch in stretches)
    correlation = sum(float(stretch[:-1] @ stretch[1:]) for stretch in stretches) / squares
    return correlation + (1 + 3 * correlation) * len(stretches) / sum(map(len, stretches))
