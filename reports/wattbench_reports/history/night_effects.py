"""Take off what a night did to all systems: the machine's part, by the median residual of the other systems.

Of each system the night's effect is the median, over the *other* systems, of the median residual of each one's series
of the metric; so a system's own change never takes itself off. It is multiplied by a loading of each series, estimated
by regression on it and shrunk towards the metric's: a busy processor does not slow all work alike, and where nights
share nothing, nothing is taken off. From eight weeks on the medians of weekdays that a system has of its own are taken
off too.

With three systems the smaller of the two others' effects is taken where they agree in sign, otherwise none: the change
of one must not be charged to another. With two the effect is the other one's, and a change counts only where the
figures themselves moved as far. With one there is nothing to take off.

Sources: medians of rows and columns: J. W. Tukey, "Exploratory Data Analysis" (1977), ch. 11; shrinkage: W. James and
C. Stein, Proc. 4th Berkeley Symp. (1961). Valid where fewer than half of the other systems change in the same night.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.series.changepoints import SharedEffect
from wattbench_reports.stats.series.series_noise import Series, medians, whitened

WEEKDAYS_FROM = 56
"""Nights, eight weeks, from which weekdays are taken off."""

_LOADING_SD = 0.3
"""By how much the loadings of the series of a metric are taken to differ."""
_LINE_FROM = 20
"""Nights of a stretch from which a straight line is taken off it."""
_MOST_LOADING = 2.0
_MOST_POOLED = 1.5


@dataclass(frozen=True)
class NightEffects:
    """The effects of nights on the series of one metric, estimated from all nights so far."""

    systems: NDArray[np.int64]
    """Shape (series,): the number of each one's system."""
    levels: NDArray[np.float64]
    """Shape (series,): of the newest nights."""
    loadings: NDArray[np.float64]
    loading_variance: NDArray[np.float64]
    weekdays: NDArray[np.float64]
    """Shape (series, 7): zeros before eight weeks."""

    def of(self, residuals: Series) -> Series:
        """Return the effect of each night on each series, before its loading.

        Args:
            residuals: shape (series, nights): figures without the level that each series had then.
        """
        return _of_others(residuals, self.systems)

    def adjusted(self, values: Series, effect: Series, weekdays: NDArray[np.int64]) -> Series:
        """Return figures without the effect and without their weekday's.

        Args:
            values: shape (series, nights).
            effect: from `of`, of these nights.
            weekdays: shape (nights,): 0 to 6.
        """
        adjusted: Series = values - self.loadings[:, None] * effect - self.weekdays[:, weekdays]
        return adjusted


def night_effects(
    values: Series,
    bounds: Sequence[Sequence[int]],
    systems: NDArray[np.int64],
    weekdays: NDArray[np.int64],
    alike: float,
) -> tuple[NightEffects, Series, Series]:
    """Estimate the effects of nights on the series of a metric.

    Args:
        values: shape (series, nights), on a scale on which effects add. NaN: no figure.
        bounds: for each series the nights at which it is known to have changed.
        systems: shape (series,): the number of each one's system, from 0.
        weekdays: shape (nights,): 0 to 6.
        alike: correlation of a night with the next, as last estimated.

    Returns:
        The effects; shape (series, nights): the effect before loadings; and the residuals without it and without a
        straight line per stretch, for estimates of noise: a creep is none.
    """
    residuals, levels = _without_levels(values, bounds)
    effect = _of_others(residuals, systems)
    loadings, variance = _loadings(residuals, effect, alike)
    left = residuals - loadings[:, None] * effect
    by_weekday = np.zeros((len(values), 7))
    if values.shape[1] >= WEEKDAYS_FROM:
        by_weekday = _own_weekdays(left, systems, weekdays)
        left = left - by_weekday[:, weekdays]
    return NightEffects(systems, levels, loadings, variance, by_weekday), effect, _without_lines(left, bounds)


def shared_of(effects: NightEffects, effect: Series) -> SharedEffect:
    """Return an effect with the variance of its loadings."""
    return SharedEffect(effect, effects.loading_variance)


def _without_levels(values: Series, bounds: Sequence[Sequence[int]]) -> tuple[Series, NDArray[np.float64]]:
    """Take the median of each stretch between two changes off, and return the last of each series too."""
    levels = medians(values, axis=1)
    residuals = values - levels[:, None]
    for row, changes in enumerate(bounds):
        for first, last in zip([0, *changes], [*changes, values.shape[1]], strict=True) if changes else ():
            if np.isfinite(values[row, first:last]).any():
                levels[row] = np.nanmedian(values[row, first:last])
                residuals[row, first:last] = values[row, first:last] - levels[row]
    return residuals, levels


def _without_lines(left: Series, bounds: Sequence[Sequence[int]]) -> Series:
    """Take a straight line off each stretch between two changes."""
    straight = _without_line(left)
    for row, changes in enumerate(bounds):
        for first, last in zip([0, *changes], [*changes, left.shape[1]], strict=True) if changes else ():
            straight[row, first:last] = _without_line(left[row : row + 1, first:last])
    return straight


def _without_line(left: Series) -> Series:
    """Take off each row its least squares line; of a short one only its mean."""
    there = np.isfinite(left)
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    day = np.where(there, np.arange(left.shape[1], dtype=np.float64), 0.0)
    day = np.where(there, day - day.sum(axis=1, keepdims=True) / count, 0.0)
    figures = np.nan_to_num(left)
    squares = (day**2).sum(axis=1, keepdims=True)
    slope = (day * figures).sum(axis=1, keepdims=True) / np.where(squares > 0, squares, 1.0)
    slope = np.where(count >= _LINE_FROM, slope, 0.0)
    straight: Series = left - figures.sum(axis=1, keepdims=True) / count - slope * day
    return straight


def _of_others(residuals: Series, systems: NDArray[np.int64]) -> Series:
    """Return for each series the median effect of the other systems. Nights without one have 0."""
    count = int(systems.max()) + 1
    if count == 1:
        return np.zeros_like(residuals)
    votes = _votes(residuals, systems, count)
    if count == 2:
        others = np.nan_to_num(votes[::-1])
    elif np.isnan(votes).any():
        others = np.nan_to_num(np.stack([medians(_rest(votes, system), axis=0) for system in range(count)]))
    else:
        others = _medians_of_others(votes)
    effect: Series = others[systems]
    return effect


def _votes(residuals: Series, systems: NDArray[np.int64], count: int) -> Series:
    """Return the median residual of each system; shape (systems, nights)."""
    by_system = np.argsort(systems, kind="stable")
    sizes = np.bincount(systems)
    if (sizes == sizes[0]).all():  # in one go
        return medians(residuals[by_system].reshape(count, int(sizes[0]), -1), axis=1)
    return np.stack([medians(residuals[systems == system], axis=0) for system in range(count)])


def _rest(votes: Series, system: int) -> Series:
    """Return the votes of the other systems; of two others and none."""
    rest = np.delete(votes, system, axis=0)
    return np.concatenate([rest, np.zeros((1, rest.shape[1]))]) if len(rest) == 2 else rest


def _medians_of_others(votes: Series) -> Series:
    """Return for each system the median of the others' votes, from one sorting of all."""
    if len(votes) == 3:
        pairs = np.stack([_rest(votes, system)[:2] for system in range(3)])
        both: Series = np.maximum(pairs.min(axis=1), 0.0) + np.minimum(pairs.max(axis=1), 0.0)
        return both
    in_order = np.sort(votes, axis=0)
    rank = votes.argsort(axis=0).argsort(axis=0)
    others = len(votes) - 1
    low, high = (np.where(at < rank, in_order[at], in_order[at + 1]) for at in ((others - 1) // 2, others // 2))
    middle: Series = (low + high) / 2
    return middle


def _loadings(residuals: Series, effect: Series, alike: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Regress each series on the effect of its nights, shrunk towards all series of the metric.

    Returns:
        Loadings, and the variance of their errors.
    """
    new, of_effect = whitened(np.nan_to_num(residuals), alike), whitened(effect, alike)
    squares = (of_effect**2).sum(axis=1)
    products = (new * of_effect).sum(axis=1)
    if squares.sum() <= 0:
        return np.zeros(len(new)), np.zeros(len(new))
    pooled = min(max(float(products.sum() / squares.sum()), 0.0), _MOST_POOLED)
    noise = ((new - pooled * of_effect) ** 2).mean(axis=1)
    prior = noise / _LOADING_SD**2
    known = np.where(squares + prior > 0, squares + prior, 1.0)
    loadings = np.clip((products + prior * pooled) / known, 0.0, _MOST_LOADING)
    return loadings, noise / known


def _own_weekdays(left: Series, systems: NDArray[np.int64], weekdays: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each system's effect of each weekday, shrunk by how much of it is noise."""
    by_day = np.stack([medians(left[:, weekdays == day], axis=1) for day in range(7)], axis=1)
    by_day = by_day - by_day.mean(axis=1, keepdims=True)
    count = int(systems.max()) + 1
    by_system = np.stack([by_day[systems == system].mean(axis=0) for system in range(count)])
    squared_sd = np.nanmean(np.abs(left), axis=1) ** 2 * (math.pi / 2)
    per_night = np.array([squared_sd[systems == system].mean() / (systems == system).sum() for system in range(count)])
    noise = float(per_night.mean()) * (math.pi / 2) * 7 / left.shape[1] * (6 / 7)
    seen = float((by_system**2).mean())
    return (max(0.0, 1 - noise / seen) if seen > 0 else 0.0) * by_system[systems]
