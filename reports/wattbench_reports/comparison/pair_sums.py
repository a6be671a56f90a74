"""Sum the differences of every two systems' scores by domain: what a difference of accuracies is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class PairSums:
    """Differences of items' mean scores, of each two systems, by domain. All of shape (domains, systems, systems)."""

    counts: NDArray[np.float64]
    """Items that both answered."""
    totals: NDArray[np.float64]
    """The sum of first - second."""
    squares: NDArray[np.float64]


def pair_sums(table: ItemTable, basis: Basis) -> PairSums:
    """Sum the differences of every two systems."""
    means, trials = mean_scores(table), (table.trials > 0).astype(np.float64)
    shape = (len(basis.domains), len(table.systems), len(table.systems))
    counts, totals, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for index, domain in enumerate(basis.domains):
        rows = table.domains == domain
        x, there = means[rows] * trials[rows], trials[rows]
        counts[index] = there.T @ there
        totals[index] = x.T @ there - there.T @ x
        squares[index] = (x**2).T @ there + there.T @ (x**2) - 2 * (x.T @ x)
    return PairSums(counts, totals, np.maximum(squares, 0.0))


def mean_scores(table: ItemTable) -> NDArray[np.float64]:
    """Each system's mean score of each item, over its repeats; 0 where it was not asked. Shape (items, systems)."""
    return np.asarray(table.correct / np.maximum(table.trials, 1))
