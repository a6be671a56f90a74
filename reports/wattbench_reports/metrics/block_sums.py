"""Sum a run by block: what a block interval is computed from, for any mix of domains.

A block is a set of items that all systems were asked, one system after the other. Its sums hold what the machine did
meanwhile, so that figures clustered by block know of time as well as of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.tables.item_matrix import ItemTable

FEWEST = 2
"""Blocks without which no spread between blocks can be seen."""


@dataclass(frozen=True)
class BlockSums:
    """Sums over the items of each block, domain and system."""

    kinds: Mapping[str, NDArray[np.float64]]
    """Each of shape (blocks, domains, systems): ``energy_j``, ``correct`` and ``metered`` of answers with joules,
    ``scores`` and ``trials`` of all that were scored, and further kinds."""

    @property
    def number(self) -> int:
        """Count the blocks."""
        return len(self.kinds["trials"])


def block_sums(table: ItemTable, domains: NDArray[np.int64], **more: NDArray[np.float64]) -> BlockSums | None:
    """Sum a table by block and domain; None with fewer than two blocks.

    Args:
        table: the items.
        domains: shape (items,): the number of each item's domain.
        more: further kinds, each of shape (items, systems).
    """
    if table.blocks is None:
        return None
    present, block = np.unique(table.blocks, return_inverse=True)
    block = block.reshape(table.blocks.shape) - int(present[0] < 0)
    number = len(present) - int(present[0] < 0)
    if number < FEWEST:
        return None
    shape = (number, int(domains.max()) + 1, len(table.systems))
    cell = (block * shape[1] + domains[:, None]) * shape[2] + np.arange(shape[2])
    inside = block >= 0

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.bincount(cell[inside], weights=values[inside], minlength=int(np.prod(shape)))
        return sums.astype(np.float64).reshape(shape)

    kinds = {
        "energy_j": table.energy_j,
        "correct": table.metered_correct,
        "metered": table.metered,
        "scores": table.correct,
        "trials": table.trials,
        **more,
    }
    return BlockSums({name: total(values) for name, values in kinds.items()})
