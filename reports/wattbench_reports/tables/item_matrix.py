"""Sum answers into arrays of items × systems, from which intervals and paired comparisons are computed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wattbench_reports.tables.run_tables import Frames, row_of_answer

__all__ = ["ItemTable", "item_table", "row_of_answer"]


@dataclass(frozen=True)
class ItemTable:
    """One row per item, one column per system; the repeats of an item are summed, so that they stay together."""

    systems: tuple[str, ...]
    domains: NDArray[np.str_]
    """Shape (items,). So is `tasks`."""
    tasks: NDArray[np.str_]
    trials: NDArray[np.float64]
    """Shape (items, systems): how often the item was answered and scored; 0 where it was not."""
    correct: NDArray[np.float64]
    """Shape (items, systems): the sum of its scores."""
    metered: NDArray[np.float64]
    """Shape (items, systems): how many of the answers have joules."""
    metered_correct: NDArray[np.float64]
    """Shape (items, systems): the sum of the scores of those."""
    energy_j: NDArray[np.float64]
    """Shape (items, systems): the sum of their joules."""
    blocks: NDArray[np.int64] | None = None
    """Shape (items, systems): the block in which the system was asked the item, -1 where it was in none; None in a run
    without blocks. Systems of one run share their blocks."""

    def column(self, system: str) -> int:
        """Return the column of a system."""
        return self.systems.index(system)

    def where(self, rows: NDArray[np.bool_]) -> ItemTable:
        """Return the same table with some of the items: `rows` has shape (items,)."""
        arrays = {name: values for name, values in vars(self).items() if name != "systems" and values is not None}
        return replace(self, **{name: values[rows] for name, values in arrays.items()})

    def by_task(self) -> ItemTable:
        """Return the same table with each task as a block: figures are then clustered by task."""
        _, task = np.unique(self.tasks, return_inverse=True)
        return replace(self, blocks=np.broadcast_to(task[:, None], self.trials.shape).astype(np.int64))

    def of_domain(self, domain: str | None) -> ItemTable:
        """Return the items of one domain; None: all."""
        return self if domain is None else self.where(self.domains == domain)


def item_table(frames: Frames) -> ItemTable:
    """Sum the answers of each item."""
    items = frames.items
    row = frames.row_of_answer
    column = items["system"].cat.codes.to_numpy().astype(np.int64)
    rows, columns = int(row.max()) + 1, len(frames.systems)
    cell = row * columns + column

    def total(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = np.bincount(cell, weights=weights, minlength=rows * columns).astype(np.float64)
        return sums.reshape(rows, columns)

    correct = items["correct"].to_numpy(dtype=np.float64)
    scored = np.isfinite(correct)
    joules = items["energy_j"].to_numpy(dtype=np.float64)
    has_joules = np.isfinite(joules)
    some_answer = np.empty(rows, dtype=np.int64)
    some_answer[row] = np.arange(len(row))
    return ItemTable(
        systems=frames.systems,
        domains=_labels(items["domain"].iloc[some_answer]),
        tasks=_labels(items["task"].iloc[some_answer]),
        trials=total(scored.astype(np.float64)),
        correct=total(np.where(scored, correct, 0.0)),
        metered=total(has_joules.astype(np.float64)),
        metered_correct=total(np.where(has_joules & scored, correct, 0.0)),
        energy_j=total(np.where(has_joules, joules, 0.0)),
        blocks=_blocks(items["block"].to_numpy(dtype=np.float64), cell, (rows, columns)),
    )


def _blocks(block: NDArray[np.float64], cell: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64] | None:
    """Return the block of each item and system: of several answers the last one's."""
    known = np.isfinite(block)
    if not known.any():
        return None
    blocks = np.full(shape[0] * shape[1], -1, dtype=np.int64)
    blocks[cell[known]] = block[known].astype(np.int64)
    return blocks.reshape(shape)


def _labels(categories: pd.Series) -> NDArray[np.str_]:
    return categories.astype(str).to_numpy(dtype=object).astype(np.str_)
