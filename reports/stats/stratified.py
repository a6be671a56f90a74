"""Drawing the items of a run again, domain by domain: what another sample of each domain's items would have summed to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reports.stats.resample import MAX_UNITS, RESAMPLES, dealt

_CHUNK_CELLS = 2_000_000
"""How many counts are held at once: 16 MB."""


def stratified_sums(
    *blocks: NDArray[np.float64], strata: NDArray[np.int64], resamples: int = RESAMPLES, seed: int = 0
) -> tuple[NDArray[np.float64], ...]:
    """Column sums of every block over resampled rows, stratum by stratum. All columns see the same rows.

    Of the n rows of a stratum n - 1 are drawn, and their sum counts n / (n - 1) times: drawing n of so few would
    understate how far the sum of n rows varies. A stratum of one row is known by that row alone and has no spread.

    Args:
        blocks: each of shape (items, columns), over the same items.
        strata: shape (items,): 0 to the number of strata - 1, each of them present.
        resamples: how many times the items are drawn.
        seed: the same seed and the same number of items per stratum give the same draws.

    Returns:
        One array per block, of shape (resamples, strata, columns), in the units of its columns.

    Raises:
        ValueError: there are no items.

    Source: J. N. K. Rao and C. F. J. Wu, "Resampling inference with complex survey data", JASA 83 (1988).
    """
    if not len(strata):
        raise ValueError("there are no items to resample")
    rng = np.random.default_rng(seed)
    joined = np.hstack(blocks)
    numbers = int(strata.max()) + 1
    sums = np.empty((resamples, numbers, joined.shape[1]))
    for number in range(numbers):
        rows = joined[strata == number]
        units = dealt([rows], rng)[0] if len(rows) > MAX_UNITS else rows
        sums[:, number] = _resampled(units, resamples, rng)
    return tuple(np.split(sums, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=2))


def _resampled(units: NDArray[np.float64], resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    count = len(units)
    if count == 1:
        return np.repeat(units, resamples, axis=0)
    sums = np.empty((resamples, units.shape[1]))
    step = max(1, _CHUNK_CELLS // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(0, count, size=(rows, count - 1)) + np.arange(rows)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count)
        sums[start : start + rows] = times.astype(np.float64) @ units
    return sums * (count / (count - 1))
