"""Two systems over the items that both answered: the comparisons that rankings and routing are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reports.itemtable import ItemTable
from reports.measures import SEED
from reports.stats import Interval, mean_difference, probabilities_lower


def accuracy_difference(table: ItemTable, first: str, second: str) -> Interval | None:
    """Accuracy of `first` - `second`, -1 to 1; None where no item was answered by both."""
    ours, theirs = table.column(first), table.column(second)
    both = table.where((table.asked[:, ours] > 0) & (table.asked[:, theirs] > 0))
    means = mean_scores(both)
    return mean_difference(means[:, ours], means[:, theirs])


def mean_scores(table: ItemTable) -> NDArray[np.float64]:
    """Each system's mean score of each item, over its repeats; 0 where it was not asked. Shape (items, systems)."""
    return np.asarray(table.correct / np.maximum(table.asked, 1))


def probabilities_fewer_joules(table: ItemTable, first: str, others: Sequence[str]) -> list[float]:
    """How probably `first` needs fewer joules per correct answer than each of the others, over other such items."""
    ours, theirs = table.column(first), [table.column(name) for name in others]
    # Each pair over the items that both have joules for.
    shared = (table.metered[:, [ours]] > 0) & (table.metered[:, theirs] > 0)
    return probabilities_lower(
        (table.energy_j[:, [ours]] * shared, table.metered_correct[:, [ours]] * shared),
        (table.energy_j[:, theirs] * shared, table.metered_correct[:, theirs] * shared),
        seed=SEED,
    )
