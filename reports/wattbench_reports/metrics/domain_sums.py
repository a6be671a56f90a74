"""Sum a run by domain, so that its figures can be stated for another mix of domains.

A page carries these sums.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.block_sums import BlockSums, block_sums
from wattbench_reports.metrics.bootstrap_sums import Draws, undrawn
from wattbench_reports.tables.item_matrix import ItemTable

Shares = NDArray[np.float64]
"""Shape (domains,): each domain's share of the requests, in the order of `Basis.domains`; they sum to 1."""


SCORES = "scores"
"""The kind of sums of scores of all answers, with joules or without. The sums by block always have it."""


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
    """For each kind that is drawn, its sum over the items as they were asked."""
    energy_squares: NDArray[np.float64]
    """The sum over items of the square of their joules."""
    draw: Callable[[], Draws]
    """Draws the items of each domain again, once."""
    draw_count: int
    """How often they are drawn."""
    blocks: BlockSums | None
    """The same sums by block; None in a run with fewer than two blocks."""

    @property
    def drawn(self) -> Draws:
        """Return the sums over items drawn again. In a run in blocks few figures need them, and they take long."""
        return self.draw()


def basis(table: ItemTable, **more: NDArray[np.float64]) -> Basis:
    """Sum a table by domain, and make its items ready to be drawn again.

    Args:
        table: at least one item.
        more: further kinds of sums beside ``energy_j`` and ``correct`` (of answers with joules), each of shape
            (items, systems).
    """
    again = undrawn(table, **more)
    totals = DomainTotals(table, again.domains)

    def mean(system: int) -> NDArray[np.float64]:
        return np.asarray(table.correct[:, system] / np.maximum(table.trials[:, system], 1))

    kinds = {"energy_j": table.energy_j, "correct": table.metered_correct, **more}
    return Basis(
        systems=table.systems,
        domains=again.domains,
        items=totals(lambda system: table.trials[:, system] > 0),
        trials=totals.of(table.trials),
        correct=totals.of(table.correct),
        means=totals(mean),
        squares=totals(lambda system: mean(system) ** 2),
        metered_items=totals(lambda system: table.metered[:, system] > 0),
        metered=totals.of(table.metered),
        totals={name: totals.of(values) for name, values in kinds.items()},
        energy_squares=totals(lambda system: table.energy_j[:, system] ** 2),
        draw=cache(again.draws),
        draw_count=again.number,
        blocks=None if table.blocks is None else block_sums(table, totals.domain, **more),
    )


class DomainTotals:
    """Sum values of items by domain, a system at a time."""

    def __init__(self, table: ItemTable, domains: Sequence[str]) -> None:
        """Number the domain of each item.

        Args:
            table: the items.
            domains: sorted, as a basis has them.
        """
        self.domain = table.domains.numbers(domains)
        self._shape = len(domains), len(table.systems)

    def __call__(self, of_system: Callable[[int], NDArray[Any]]) -> NDArray[np.float64]:
        """Sum the values of each system, given its number; shape (items,) to (domains, systems)."""
        domains, systems = self._shape
        sums = [np.bincount(self.domain, weights=of_system(each), minlength=domains) for each in range(systems)]
        return np.column_stack(sums).astype(np.float64)

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum values of shape (items, systems)."""
        return self(lambda system: values[:, system])


def score_sums(table: ItemTable) -> dict[str, NDArray[np.float64]]:
    """Return the scores as sums named `SCORES`, in a run without blocks whose scored answers partly lack joules.

    Empty otherwise: `basis` then has them, and a page carries nothing in vain.
    """
    same = table.correct is table.metered_correct or np.array_equal(table.correct, table.metered_correct)
    return {SCORES: table.correct} if table.blocks is None and not same else {}
