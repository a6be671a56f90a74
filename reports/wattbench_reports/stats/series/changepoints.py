"""Find changes that the newest night of many series shows for the first time, at one error rate for a year of nights.

Every night, each series is tested for a shift of its newest k nights, for some sizes k, and for a creep. The level at
which a p-value counts is divided among the series, the nights of a year and the windows of a night (Bonferroni, after
the shares of `_SHARES`), so that no change at all is found in a year with the probability declared, however the series
depend on each other: once for changes upwards and once for those downwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.series.change_shape import FittedShape, fitted_shape
from wattbench_reports.stats.series.level_shift import SHORTEST, p_one_sided, p_with_freaks, window_sizes, windows
from wattbench_reports.stats.series.series_noise import Noise, Series

HORIZON = 365
"""Nights over which a declared error rate holds, each of them judged."""

LEAST_NIGHTS = 10
"""Nights of a series below which nothing is found: its noise is not known yet."""

_SHARES = {2: 3 / 16, 3: 1 / 4, 4: 3 / 16}
"""Windows of few nights to their shares of the error of a night: news is what is waited for."""
_SHARE_OF_CREEPS = 1 / 8


@dataclass(frozen=True)
class Shift:
    """A change that the newest night of a series shows."""

    series: int
    fit: FittedShape
    p_value: float
    """Of no change in this direction, corrected for the windows of one night."""


@dataclass(frozen=True)
class SharedEffect:
    """What was taken off the series of a metric night by night, and how sure that is."""

    effect: Series
    """Shape (series, nights): before it is multiplied by a loading."""
    loading_variance: NDArray[np.float64]
    """Shape (series,): of the error of each loading."""


def newest_shifts(
    series: Series, shared: SharedEffect | None, noise: Noise, *, level: float, resolution: float, least: float
) -> Iterator[Shift]:
    """Yield the series that show a change.

    Args:
        series: shape (series, nights): all since the last change.
        shared: what was taken off them; None: nothing.
        noise: of the metric.
        level: the p-value up to which a change counts, for one series, one night and one direction.
        resolution: the noise of a night is taken to be no smaller than this, also where a series does not move.
        least: the smallest change of interest.
    """
    nights = series.shape[1]
    if nights < LEAST_NIGHTS:
        return
    sizes, shares, limits = _plan(nights, level)
    fits = windows(series, noise.alike, sizes)
    floor = resolution**2 * (1 - noise.alike**2)
    variance = np.maximum((fits.squares[:, None] - fits.gain) / (nights - 2), floor)
    inflation = noise.inflation_of(np.minimum(sizes, nights - sizes))
    rows, columns = np.nonzero((fits.gain > limits * variance * inflation) & (np.abs(fits.shift) >= least))
    p_values = np.ones(len(series))
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        night_variance = float(variance[row, column])
        factor = float(inflation[column])
        if shared is not None:
            effect = windows(shared.effect[[row]], noise.alike, sizes[[column]]).shift[0, 0]
            factor += float(shared.loading_variance[row] * effect**2 * fits.information[column]) / night_variance
        p_value = p_one_sided(math.sqrt(fits.gain[row, column] / night_variance / factor), nights - 2)
        if p_value <= level * shares[column]:
            p_value = max(
                p_value, p_with_freaks(series[row], int(sizes[column]), noise, math.sqrt(night_variance), factor)
            )
        p_values[row] = min(p_values[row], p_value / shares[column])
    creeping = np.maximum((fits.squares - fits.slope_gain) / (nights - 2), floor)
    long = float(noise.inflation_of(np.array([nights / 4]))[0])
    for row in np.flatnonzero(np.abs(fits.slope) >= least).tolist():
        p_value = p_one_sided(math.sqrt(fits.slope_gain[row] / creeping[row] / long), nights - 2)
        p_values[row] = min(p_values[row], p_value / _SHARE_OF_CREEPS)
    for row in np.flatnonzero(p_values <= level).tolist():
        fit = fitted_shape(series[row], noise.alike, resolution)
        if abs(fit.after - fit.before) >= least:
            yield Shift(row, fit, float(p_values[row]))


@lru_cache(maxsize=1024)
def _plan(nights: int, level: float) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the windows of a night, their shares of its error, and the squared t value that each needs at least.

    Creeps have the rest of the error. A t value has heavier tails than the normal distribution, so what stays below
    these limits is not significant.
    """
    from scipy import special

    sizes = window_sizes(nights - SHORTEST)
    rest = (1 - _SHARE_OF_CREEPS - sum(_SHARES.values())) / max(len(sizes) - len(_SHARES), 1)
    shares = np.array([_SHARES.get(size, rest) for size in sizes.tolist()])
    return sizes, shares, special.ndtri(level * shares) ** 2
