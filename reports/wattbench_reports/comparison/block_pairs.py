"""Compare two systems block by block: what the machine did during a block is in both, and cancels.

The comparisons are those of `wattbench_reports.stats.block_ratios`. They are made where both systems were asked in the
same two blocks or more; else a pair is compared over items alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import FEWEST, Basis, Shares
from wattbench_reports.metrics.mix_weighting import per_request
from wattbench_reports.stats import (
    Interval,
    PairedBlockMean,
    PairedBlockRatio,
    minimum_detectable_ratio,
    paired_block_means,
    paired_block_ratios,
)
from wattbench_reports.stats.student import t_quantile
from wattbench_reports.tables.item_matrix import ItemTable

Sums = NDArray[np.float64]
"""Shape (blocks, systems)."""


def shared_blocks(table: ItemTable, first: int, second: int, rows: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return the block number of each of some items, from 0. None unless both systems shared two blocks or more.

    Args:
        table: the items.
        first: a system's column.
        second: another's.
        rows: shape (items,): the items that count for both.
    """
    if table.blocks is None:
        return None
    ours, theirs = table.blocks[rows, first], table.blocks[rows, second]
    if not len(ours) or np.any(ours != theirs) or np.any(ours < 0):
        return None
    present, number = np.unique(ours, return_inverse=True)
    return np.asarray(number, dtype=np.int64) if len(present) >= FEWEST else None


def by_block(blocks: NDArray[np.int64], *columns: NDArray[np.float64]) -> Sums:
    """Sum columns of shape (items,) by block."""
    number = int(blocks.max()) + 1
    return np.column_stack([np.bincount(blocks, weights=each, minlength=number) for each in columns]).astype(np.float64)


def joule_pair(table: ItemTable, first: int, second: int) -> PairedBlockRatio | None:
    """Compare joules per correct answer over the items that both have joules for; None without shared blocks."""
    rows = (table.metered[:, first] > 0) & (table.metered[:, second] > 0)
    blocks = shared_blocks(table, first, second, rows)
    if blocks is None:
        return None
    arrays = (table.energy_j, table.metered_correct)
    ours, theirs = (tuple(by_block(blocks, array[rows, column]) for array in arrays) for column in (first, second))
    return paired_block_ratios((ours[0], ours[1]), (theirs[0], theirs[1]))[0]


def score_pair(
    blocks: NDArray[np.int64],
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    by_item: tuple[Interval, float],
) -> PairedBlockMean | None:
    """Compare the mean scores of two systems over the same items, block by block.

    Args:
        blocks: of each item.
        ours: shape (items,): each item's mean score.
        theirs: the same of the other system.
        by_item: the difference over items, and its p-value.
    """
    counts = by_block(blocks, np.ones(len(blocks)))
    return paired_block_means((by_block(blocks, ours), counts), (by_block(blocks, theirs), counts), by_item=[by_item])[
        0
    ]


def weighted_joules(basis: Basis, shares: Shares | None) -> tuple[Sums, Sums]:
    """Return the joules and the correct answers of each block for one request of a mix."""
    assert basis.blocks is not None
    kinds = basis.blocks.kinds
    return per_request(basis, kinds["energy_j"], shares), per_request(basis, kinds["correct"], shares)


def paired(sums: tuple[Sums, Sums], first: int, others: Sequence[int]) -> list[PairedBlockRatio | None]:
    """Compare the ratio of one system's sums with the ratios of some others, block by block."""
    above, below = sums
    ours = (np.repeat(above[:, [first]], len(others), axis=1), np.repeat(below[:, [first]], len(others), axis=1))
    return paired_block_ratios(ours, (above[:, others], below[:, others]))


def detectable_ratio(pair: PairedBlockRatio) -> float | None:
    """Return the smallest ratio detectable with 80% power, from the spread between blocks; None if it is unbounded."""
    if not math.isfinite(pair.ratio.high) or pair.ratio.low <= 0:
        return None
    error = math.log(pair.ratio.high / pair.ratio.low) / 2 / t_quantile(pair.df)
    return minimum_detectable_ratio(error)
