"""Bootstrap the items of a run: draw them again with replacement, and sum."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.stats.budgets import DEFAULT_SEED, MAX_UNITS, RESAMPLES
from wattbench_reports.stats.resampling.bootstrap_counts import drawn_counts


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
    units, sizes = dealt(blocks, items, dealer_of(rng), max_units)
    sums = drawn_sums(units, sizes, draws=len(units), resamples=resamples, rng=rng)
    return tuple(np.split(sums, np.cumsum([block.shape[1] for block in blocks])[:-1], axis=1))


def dealer_of(rng: np.random.Generator) -> np.random.Generator:
    """Return a generator to deal items with, and leave `rng` as it is.

    Dealing takes as many numbers as there are items. With numbers of its own, units are drawn alike for any number of
    items that is dealt into as many groups, so that their counts are drawn once (`bootstrap_counts`).
    """
    return rng.spawn(1)[0]


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
    count = len(units)
    parts = []
    for counts in drawn_counts(rng, units=count, draws=draws, resamples=resamples):
        times = counts.astype(np.float64)
        part = times @ units
        if sizes is not None:
            part *= (sizes.sum() / (times @ sizes))[:, None]
        elif draws != count:
            part *= count / draws
        parts.append(part)
    return np.concatenate(parts)
