"""Drawing the items of a run again, with replacement: what another sample of such items would have summed to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 4000
"""Enough that the simulation error of a 95% bound is about a thirtieth of a standard error."""

MAX_UNITS = 5000
"""Above so many items they are first dealt at random into groups, and the groups are drawn. The spread of a sum of
random groups is the spread of the sum of items, known here to 1/sqrt(2 * 5000) = 1%; time stops growing with items."""

_CHUNK_CELLS = 2_000_000
"""How many counts are held at once: 16 MB."""


def resampled_sums(
    *blocks: NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0, max_units: int = MAX_UNITS
) -> tuple[NDArray[np.float64], ...]:
    """Column sums of every block over resampled rows. All columns of all blocks see the same rows: they stay paired.

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
    units = np.hstack(_dealt(blocks, rng, max_units) if items > max_units else blocks)
    count = len(units)
    sums = np.empty((resamples, units.shape[1]))
    step = max(1, _CHUNK_CELLS // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(0, count, size=(rows, count)) + np.arange(rows)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        sums[start : start + rows] = times.astype(np.float64) @ units
    return tuple(np.split(sums, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1))


def _dealt(blocks: Sequence[NDArray[np.float64]], rng: np.random.Generator, groups: int) -> list[NDArray[np.float64]]:
    """Each block summed over random groups of rows that differ in size by at most one."""
    group = rng.permutation(np.arange(len(blocks[0])) % groups)
    return [
        np.column_stack([np.bincount(group, weights=column, minlength=groups) for column in block.T])
        for block in blocks
    ]
