"""Test whether the newest nights of a series are at another level than those before, or whether it creeps.

Generalised least squares with autoregressive errors of first order: for the newest k nights the shift and its t value,
for several k at once, and the same for a straight line through all nights. A shift must also hold against the
explanation that j of the nights on the shorter side are freaks, for any j up to 4: its p-value is the largest of

    C(k, j) P(j freaks as unlikely as these together) P(t of the other nights)

with the tails that the series of the metric show where they are heavier than normal, and the freaks combined by
Fisher's method. One freak of any size is
never a shift: the other nights must show it too.

Sources: G. Prais and C. Winsten, Cowles Commission 383 (1954); G. E. P. Box and G. C. Tiao, "Intervention analysis",
JASA 70 (1975); freak nights: I. Chang, G. C. Tiao and C. Chen, Technometrics 30 (1988). Valid for noise that `Noise`
describes; held against simulated years by `benchmarks/nights`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.series.series_noise import Noise, Series, whitened

SHORTEST = 2
"""Nights that a level has at least."""
_MOST_FREAKS = 4
_NORMAL = 30
"""Degrees of freedom from which tails are taken as normal, and freaks as part of them."""
_OTHERS = 0.05
"""The p-value that the nights other than the farthest have at most: one freak night of any size makes no change."""


def window_sizes(most: int) -> NDArray[np.int64]:
    """Return the numbers of newest nights that are tested: every one at first, then each a quarter longer."""
    sizes = [SHORTEST]
    while sizes[-1] < most:
        sizes.append(max(sizes[-1] + 1, int(sizes[-1] * 1.25)))
    return np.array([size for size in sizes if size <= most], dtype=np.int64)


@dataclass(frozen=True)
class Windows:
    """What generalised least squares says of the newest k nights of several series, for each k of `sizes`."""

    sizes: NDArray[np.int64]
    shift: NDArray[np.float64]
    """Shape (series, sizes): how much higher the newest nights are."""
    gain: NDArray[np.float64]
    """By how much the shift lowers the sum of squares."""
    information: NDArray[np.float64]
    """Shape (sizes,): 1 / information is the variance of a shift in units of the noise's."""
    slope: NDArray[np.float64]
    """Shape (series,): rise of a straight line over all nights."""
    slope_gain: NDArray[np.float64]
    squares: NDArray[np.float64]
    """Shape (series,): the sum of squares of one level."""


def windows(series: Series, alike: float, sizes: NDArray[np.int64]) -> Windows:
    """Fit a shift of the newest nights, for each size, and a straight line.

    Args:
        series: shape (series, nights).
        alike: correlation of a night with the next.
        sizes: from `window_sizes`, each at most nights - `SHORTEST`.
    """
    nights = series.shape[1]
    rest = 1 - alike
    new = whitened(series, alike)
    level = whitened(np.ones(nights), alike)
    level_squares = float(level @ level)
    of_level = new @ level
    squares = np.maximum((new * new).sum(axis=1) - of_level**2 / level_squares, 0.0)
    newest = np.cumsum(new[:, ::-1], axis=1)
    step_level = rest + (sizes - 1) * rest**2
    information = 1 + (sizes - 1) * rest**2 - step_level**2 / level_squares
    along = new[:, nights - sizes] + rest * newest[:, sizes - 2] - np.outer(of_level, step_level / level_squares)
    line = whitened(np.arange(nights, dtype=np.float64), alike)
    line = line - (line @ level) / level_squares * level
    rise = new @ line
    return Windows(
        sizes=sizes,
        shift=along / information,
        gain=along**2 / information,
        information=information,
        slope=rise / float(line @ line) * (nights - 1),
        slope_gain=rise**2 / float(line @ line),
        squares=squares,
    )


def p_one_sided(t: float, df: float) -> float:
    """Return the probability of a t value at least so high."""
    from scipy import special

    return float(special.stdtr(df, -t))


def p_with_freaks(series: Series, newest: int, noise: Noise, sd: float, variance_factor: float) -> float:
    """Return the one-sided p-value of a shift of the newest nights; any of the shorter side's nights may be freaks.

    Args:
        series: shape (nights,).
        newest: nights after the shift.
        noise: of the metric.
        sd: of what is new in a night.
        variance_factor: by which the variance of the shift is larger than `sd` explains.
    """
    nights, count = len(series), newest
    if count > nights - count:  # in reverse the errors are an autoregression with the same coefficient
        series, count = series[::-1], nights - count
    rest = 1 - noise.alike
    level = whitened(np.ones(nights - count), noise.alike)
    level_squares = float(level @ level)
    mean = float(level @ whitened(series[: nights - count], noise.alike)) / level_squares
    apart = series[nights - count - 1 :] - mean
    new = apart[1:] - noise.alike * apart[:-1]
    step = np.full(count, rest)
    step[0] = 1.0
    new = new if new @ step > 0 else -new
    order = np.argsort(-new)
    tails = _tails(new[order] / sd, noise.df)
    largest = 0.0
    for freaks in range(min(count, _MOST_FREAKS) + 1):
        left = order[freaks:]
        of_left = _p_of(new[left], step[left], rest**2 / level_squares, nights - 2, sd * math.sqrt(variance_factor))
        if freaks == 1 and of_left > _OTHERS:
            return 1.0
        if freaks and noise.df >= _NORMAL:
            break
        largest = max(largest, math.comb(count, freaks) * _p_of_freaks(tails[:freaks]) * of_left)
    return min(largest, 1.0)


def _p_of_freaks(tails: NDArray[np.float64]) -> float:
    """Combine the p-values of single nights by Fisher's method; of none 1."""
    from scipy import special

    return float(special.gammaincc(len(tails), -np.log(tails).sum())) if len(tails) else 1.0


def _p_of(new: Series, step: Series, level_variance: float, df: int, sd: float) -> float:
    """Return the one-sided p-value of the shift that some of the newest nights show; of none 1."""
    if not len(new):
        return 1.0
    squares = float(step @ step)
    t = (
        float(new @ step)
        / squares
        / (sd * math.sqrt(1 / squares + (float(step.sum()) / squares) ** 2 * level_variance))
    )
    return p_one_sided(t, df)


def _tails(sizes: NDArray[np.float64], df: float) -> NDArray[np.float64]:
    """Return the probability of a night at least as many standard deviations above its level."""
    from scipy import special

    tails: NDArray[np.float64] = np.maximum(special.stdtr(df, -sizes * math.sqrt(df / (df - 2))), 1e-300)
    return tails
