"""Describe the level of series over their latest nights, and how far one more night may lie from it.

The level is the median. The scatter of one night is the larger of two estimates by medians:

- 1.4826 / sqrt(2) x the median absolute difference of successive nights, which a step or a creep leaves as it is;
- 1.4826 x the median absolute deviation from the level, which sees a series that swings between two levels;

and no smaller than the resolution of the figure. Of six nights or more, one that was set apart by a burst moves neither
by much; of fewer it may widen the first, as it is in half of the differences. One more night of a series that keeps to
its level lies within

    level +- t s c_n sqrt(1 + (pi / 2) / n)

where c_n corrects a median deviation of few nights (C. Croux and P. J. Rousseeuw, "Time-efficient algorithms for two
highly robust estimators of scale", COMPSTAT 1992), pi / 2 is what a median costs in precision, and t has 0.37 (n - 1)
degrees of freedom, as a median deviation is worth 37% of as many figures (P. J. Rousseeuw and C. Croux, "Alternatives
to the median absolute deviation", JASA 88, 1993).

Assumes that the nights of the level are exchangeable and roughly normal but for a minority of any size.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.student import t_quantile

Series = NDArray[np.float64]

NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""
_EFFICIENCY = 0.37
_FEW = (1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107)
"""c_n of Croux and Rousseeuw by the number of nights; above nine n / (n - 0.8)."""


@dataclass(frozen=True, eq=False)
class Levels:
    """The levels of some series. All of shape (series,)."""

    centre: Series
    """NaN without a night."""
    error: Series
    """Standard error of one more night's distance from it."""
    nights: NDArray[np.int64]
    """That it is of."""

    @property
    def reach(self) -> Series:
        """Return the half-widths of the 95% intervals of one more night's distance from the levels."""
        return np.array([_quantile(int(nights)) for nights in self.nights]) * self.error


def levels_of(values: Series, resolution: float | Series) -> Levels:
    """Return the levels of series over given nights.

    Args:
        values: shape (series, nights), oldest first; NaN: no figure.
        resolution: the scatter is taken to be no smaller; of all series, or shape (series,).
    """
    number = np.isfinite(values).sum(axis=1)
    centre = _medians(values)
    about = _medians(np.abs(values - centre[:, None]))
    steps = _medians(np.abs(np.diff(values, axis=1)))
    scatter = NORMAL * np.fmax(np.nan_to_num(about), np.nan_to_num(steps) / math.sqrt(2))
    return Levels(centre, np.maximum(scatter, resolution) * _correction(number), number)


def single_night(value: float, scatter: float) -> Levels:
    """Return the level of a series of a single night, with a night's error known from elsewhere.

    Args:
        value: of the night.
        scatter: `Levels.error` of the series.
    """
    return Levels(np.array([value]), np.array([math.sqrt(2) * scatter]), np.array([1]))


@cache
def _quantile(nights: int) -> float:
    return t_quantile(max(_EFFICIENCY * (nights - 1), 1.0))


def _medians(values: Series) -> Series:
    """Return the median of each row, NaN of one without figures."""
    if not values.shape[1]:
        return np.full(len(values), math.nan)
    if np.isfinite(values).all():
        return np.asarray(np.median(values, axis=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a row without figures
        return np.asarray(np.nanmedian(values, axis=1))


def _correction(number: NDArray[np.int64]) -> Series:
    few = np.array(_FEW)[np.minimum(number, len(_FEW) - 1)]
    many = np.maximum(number, len(_FEW))
    factor = np.where(number < len(_FEW), few, many / (many - 0.8))
    return np.asarray(factor * np.sqrt(1 + math.pi / 2 / np.maximum(number, 1)))
