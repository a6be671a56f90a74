"""Bootstrap the items of each domain separately, for figures that weight domains other than by size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import DEFAULT_SEED, RESAMPLES
from wattbench_reports.stats.resampling.bootstrap import dealer_of, dealt, drawn_sums


@dataclass(frozen=True)
class StratifiedUnits:
    """The units that are drawn in each stratum, small however many items there are."""

    columns: tuple[int, ...]
    """Of each block."""
    strata: tuple[tuple[NDArray[np.float64], NDArray[np.float64] | None], ...]
    """Of each stratum its units, all blocks side by side, and their sizes, as `dealt` returns them."""
    seed: int

    def sums(self, resamples: int) -> tuple[NDArray[np.float64], ...]:
        """Draw the units, and return what `stratified_sums` does."""
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

    Args and Raises are those of `stratified_sums`.
    """
    items = len(blocks[0])
    if items == 0:
        raise ValueError("there are no items to resample")
    if strata.shape != (items,) or strata.min() < 0:
        raise ValueError(f"{items} items need as many strata, counted from 0")
    dealer = dealer_of(np.random.default_rng(seed))
    each = (np.flatnonzero(strata == stratum) for stratum in range(int(strata.max()) + 1))
    dealt_items = tuple(dealt((block[rows] for block in blocks), len(rows), dealer) for rows in each)
    return StratifiedUnits(tuple(block.shape[1] for block in blocks), dealt_items, seed)


def stratified_sums(
    *blocks: NDArray[np.float64], strata: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = DEFAULT_SEED
) -> tuple[NDArray[np.float64], ...]:
    """Sum the columns of every block per stratum, over items drawn with replacement within their stratum.

    All columns of all blocks see the same items: they stay paired. Of the n items of a stratum n - 1 are drawn, and
    their sum is scaled by n / (n - 1). Drawing n would understate the variance by (n - 1) / n, which is half in a
    stratum of two, and does not go away by having many such strata. A stratum of one item has no spread: its sums are
    the item's in every draw, and no interval made of them holds the doubt that one item leaves.

    Args:
        blocks: each of shape (items, columns), over the same items; the repeats of an item are summed in its row.
        strata: shape (items,): 0 to the number of strata - 1. A stratum without items sums to 0.
        resamples: how many times the items are drawn.
        seed: the same seed and strata give the same draws.

    Returns:
        One array per block, of shape (resamples, strata, columns), in the units of its columns.

    Raises:
        ValueError: there are no items, or not every item has a stratum.

    Source: J. N. K. Rao and C. F. J. Wu, "Resampling inference with complex survey data", JASA 83 (1988).
    """
    return stratified_units(*blocks, strata=strata, seed=seed).sums(resamples)
