"""Sum the differences of every two systems' scores by domain, for differences of accuracies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class PairSums:
    """Sums over items of differences of mean scores of every two systems, shape (domains, systems, systems)."""

    counts: NDArray[np.float64]
    """Items that both answered."""
    totals: NDArray[np.float64]
    """The sum of first - second."""
    squares: NDArray[np.float64]


def pair_sums(table: ItemTable, basis: Basis) -> PairSums:
    """Sum the differences of every two systems."""
    shape = (len(basis.domains), len(table.systems), len(table.systems))
    counts, totals, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for index, domain in enumerate(basis.domains):
        of_domain = table.of_domain(domain)
        there = (of_domain.trials > 0).astype(np.float64)
        x = mean_scores(of_domain) * there
        counts[index] = there.T @ there
        totals[index] = x.T @ there - there.T @ x
        cross, squared = x.T @ x, np.square(x, out=x)
        squares[index] = squared.T @ there + there.T @ squared - 2 * cross
    return PairSums(counts, totals, np.maximum(squares, 0.0))


def mean_scores(table: ItemTable) -> NDArray[np.float64]:
    """Return each system's mean score of each item over its repeats, shape (items, systems); 0 for an item it lacks.

    Where no item was asked twice it is the sums of scores themselves, not to be written to.
    """
    return (
        table.correct if table.trials.max(initial=0.0) <= 1 else np.asarray(table.correct / np.maximum(table.trials, 1))
    )
