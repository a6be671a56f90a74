"""Bootstrap the items of a run: draw them again with replacement, of all or within strata, and sum."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import DEFAULT_SEED, MAX_UNITS, RESAMPLES
from wattbench_reports.stats.intervals import CONFIDENCE, Interval

_CELLS = 100_000
"""Draws that are counted together, so that the counts stay in a processor's near memory."""


def resampled_sums(
    *blocks: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = DEFAULT_SEED, max_units: int = MAX_UNITS
) -> tuple[NDArray[np.float64], ...]:
    """Sum the columns of every block over resampled rows. All columns see the same rows: they stay paired.

    Args:
        blocks: each of shape (items, columns), over the same items. Whatever must vary together (joules and correct
            answers, one system and another) is drawn in one call; the repeats of an item are summed in its row.
        resamples: how many times the items are drawn.
        seed: the same seed and number of items give the same draws.
        max_units: above so many items groups of them are drawn, see `MAX_UNITS`; of n groups, a spread is known to
            1/sqrt(2n).

    Returns:
        One array per block, of shape (resamples, columns), in the units of its columns.

    Raises:
        ValueError: there are no items.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979).
    """
    items = len(blocks[0])
    if items == 0:
        raise ValueError("there are no items to resample")
    rng = np.random.default_rng(seed)
    units, sizes = dealt(blocks, items, rng.spawn(1)[0], max_units)
    sums = drawn_sums(units, sizes, draws=len(units), resamples=resamples, rng=rng)
    return tuple(np.split(sums, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1))


def dealt(
    blocks: Iterable[NDArray[np.float64]], items: int, rng: np.random.Generator, most: int = MAX_UNITS
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Return the units that are drawn: the items, or sums over `most` random groups whose sizes differ by at most one.

    Args:
        blocks: each of shape (items, columns); taken one at a time, so that many items are not all copied at once.
        items: how many.
        rng: deals the items.
        most: units.

    Returns:
        The units, of shape (units, columns of all blocks), and how many items are in each; None for one each.
    """
    if items <= most:
        return np.hstack(list(blocks)), None
    group = rng.permutation(np.arange(items) % most)
    sums = [np.bincount(group, weights=column, minlength=most) for block in blocks for column in block.T]
    return np.column_stack(sums), np.bincount(group, minlength=most).astype(np.float64)


def drawn_sums(
    units: NDArray[np.float64],
    sizes: NDArray[np.float64] | None,
    *,
    draws: int,
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Sum columns over units drawn with replacement, scaled to the number of items.

    Groups of unlike size would otherwise add a spread of their own: a draw may hold more items than there are. Scaled
    by the items drawn, a count of items is the same in every draw, and a sum of zeros stays zero.

    Args:
        units: shape (units, columns).
        sizes: shape (units,): items in each; None for one each.
        draws: how many units make up one resample.
        resamples: how often they are drawn.
        rng: draws the units.

    Returns:
        Shape (resamples, columns).
    """
    count, parts = len(units), []
    step = max(1, _CELLS // max(count, draws))
    for start in range(0, resamples, step):
        drawn = rng.integers(0, count, size=(min(step, resamples - start), draws))
        drawn += count * np.arange(len(drawn))[:, None]
        times = np.bincount(drawn.ravel(), minlength=len(drawn) * count).reshape(len(drawn), count).astype(np.float64)
        part = times @ units
        if sizes is not None:
            part *= (sizes.sum() / (times @ sizes))[:, None]
        elif draws != count:
            part *= count / draws
        parts.append(part)
    return np.concatenate(parts)


@dataclass(frozen=True)
class StratifiedUnits:
    """The units that are drawn in each stratum, small however many items there are."""

    columns: tuple[int, ...]
    """Of each block."""
    strata: tuple[tuple[NDArray[np.float64], NDArray[np.float64] | None], ...]
    """Of each stratum its units, all blocks side by side, and their sizes, as `dealt` returns them."""
    seed: int

    def sums(self, resamples: int) -> tuple[NDArray[np.float64], ...]:
        """Sum the columns of every block per stratum, over items drawn with replacement within their stratum.

        Args:
            resamples: how many times the items are drawn.

        Returns:
            One array per block, of shape (resamples, strata, columns), in the units of its columns.
        """
        rng, ends = np.random.default_rng(self.seed), np.cumsum(self.columns)
        sums = np.zeros((resamples, len(self.strata), int(ends[-1])))
        for stratum, (units, sizes) in enumerate(self.strata):
            if len(units) == 1:
                sums[:, stratum] = units
            elif len(units):
                sums[:, stratum] = drawn_sums(units, sizes, draws=len(units) - 1, resamples=resamples, rng=rng)
        return tuple(np.split(sums, ends[:-1], axis=2))


def stratified_units(
    *blocks: NDArray[np.float64], strata: NDArray[np.int64], seed: int = DEFAULT_SEED
) -> StratifiedUnits:
    """Deal the items of each stratum into units, to be drawn when their sums are needed.

    All columns of all blocks see the same items: they stay paired. Of the n items of a stratum n - 1 are drawn, and
    their sum is scaled by n / (n - 1). Drawing n would understate the variance by (n - 1) / n, which is half in a
    stratum of two, and does not go away by having many such strata. A stratum of one item has no spread: its sums are
    the item's in every draw, and no interval made of them holds the doubt that one item leaves.

    Args:
        blocks: each of shape (items, columns), over the same items; the repeats of an item are summed in its row.
        strata: shape (items,): 0 to the number of strata - 1. A stratum without items sums to 0.
        seed: the same seed and strata give the same draws.

    Raises:
        ValueError: there are no items, or not every item has a stratum.

    Source: J. N. K. Rao and C. F. J. Wu, "Resampling inference with complex survey data", JASA 83 (1988).
    """
    items = len(blocks[0])
    if items == 0:
        raise ValueError("there are no items to resample")
    if strata.shape != (items,) or strata.min() < 0:
        raise ValueError(f"{items} items need as many strata, counted from 0")
    dealer = np.random.default_rng(seed).spawn(1)[0]
    each = (np.flatnonzero(strata == stratum) for stratum in range(int(strata.max()) + 1))
    dealt_items = tuple(dealt((block[rows] for block in blocks), len(rows), dealer) for rows in each)
    return StratifiedUnits(tuple(block.shape[1] for block in blocks), dealt_items, seed)


def percentile_interval(estimate: float, draws: NDArray[np.float64], *, few: bool = False) -> Interval:
    """Return an estimate with percentiles of its draws as bounds, which always contain it.

    Args:
        estimate: over the items as they are, in the unit of the draws.
        draws: shape (resamples,): the same over items drawn again; may be infinite. NaN is left out.
        few: fewer than two items, so that nothing bounds it: 0 to infinity.

    Source: percentile bootstrap, B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), ch. 13.
    """
    if few:
        return Interval(estimate, 0.0, math.inf)
    tail, known = (1 - CONFIDENCE) / 2, draws[~np.isnan(draws)]
    # Values that were drawn, never one between two of them: one of the two may be infinite.
    low = float(np.quantile(known, tail, method="lower"))
    high = float(np.quantile(known, 1 - tail, method="higher"))
    return Interval(estimate, min(low, estimate), max(high, estimate))
