"""A run as sums per domain: all that it takes to state its figures for another mix of domains, and all that a page
carries to do so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.block_sums import BlockSums, block_sums
from wattbench_reports.metrics.bootstrap_sums import Draws, draws
from wattbench_reports.tables.item_matrix import ItemTable

Shares = NDArray[np.float64]
"""Shape (domains,): each domain's share of the requests, in the order of `Basis.domains`; they sum to 1."""


@dataclass(frozen=True)
class Basis:
    """Sums over the items of each domain. All arrays of shape (domains, systems), unless said otherwise."""

    systems: tuple[str, ...]
    domains: tuple[str, ...]
    items: NDArray[np.float64]
    """Items that were answered."""
    trials: NDArray[np.float64]
    """Answers to them."""
    correct: NDArray[np.float64]
    """The sum of their scores."""
    means: NDArray[np.float64]
    """The sum over items of an item's mean score."""
    squares: NDArray[np.float64]
    """The sum of the squares of those."""
    metered_items: NDArray[np.float64]
    """Items with joules."""
    metered: NDArray[np.float64]
    """Answers with joules."""
    totals: dict[str, NDArray[np.float64]]
    """For each kind of `drawn`, its sum over the items as they were asked."""
    energy_squares: NDArray[np.float64]
    """The sum over items of the square of their joules."""
    drawn: Draws
    blocks: BlockSums | None
    """The same sums by block; None in a run with fewer than two blocks."""


def basis(table: ItemTable, **more: NDArray[np.float64]) -> Basis:
    """Sum a table by domain, and draw its items again.

    Args:
        table: at least one item.
        more: further kinds of sums beside ``energy_j`` and ``correct`` (of answers with joules), each of shape
            (items, systems).
    """
    drawn = draws(table, **more)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return domain_totals(table, drawn.domains, values)

    mean = table.correct / np.maximum(table.trials, 1)
    kinds = {"energy_j": table.energy_j, "correct": table.metered_correct, **more}
    return Basis(
        systems=table.systems,
        domains=drawn.domains,
        items=total((table.trials > 0).astype(np.float64)),
        trials=total(table.trials),
        correct=total(table.correct),
        means=total(mean),
        squares=total(mean**2),
        metered_items=total((table.metered > 0).astype(np.float64)),
        metered=total(table.metered),
        totals={name: total(values) for name, values in kinds.items()},
        energy_squares=total(table.energy_j**2),
        drawn=drawn,
        blocks=block_sums(table, np.searchsorted(np.array(drawn.domains), table.domains), **more),
    )


def domain_totals(table: ItemTable, domains: Sequence[str], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum values of shape (items, systems) by domain: shape (domains, systems).

    Args:
        table: the items.
        domains: sorted, as a basis has them.
        values: of each item and system.
    """
    number = np.searchsorted(np.array(domains), table.domains)
    sums = [np.bincount(number, weights=column, minlength=len(domains)) for column in values.T]
    return np.column_stack(sums).astype(np.float64)
