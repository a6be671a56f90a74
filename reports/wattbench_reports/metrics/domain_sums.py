"""Sum a run by domain, so that its figures can be stated for another mix of domains, and by block and domain.

A page carries these sums. A block is a set of items that all systems were asked, one system after the other: its sums
hold what the machine did meanwhile, so that figures clustered by block know of time as well as of items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.bootstrap_sums import Draws, undrawn
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

    def share_of(self, domain: str) -> Shares:
        """Return the shares of a mix of one domain."""
        return np.array([float(name == domain) for name in self.domains])


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
