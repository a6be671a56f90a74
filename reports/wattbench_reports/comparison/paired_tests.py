"""Compare two systems over the items that both answered: what rankings and routing are based on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.domain_sums import Basis, Shares
from wattbench_reports.metrics.mix_weighting import probability_lower, weighed_difference
from wattbench_reports.stats import (
    Interval,
    bootstrap_p_value,
    log_ratio_se,
    mean_difference,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    paired_p_value,
    probabilities_lower,
)
from wattbench_reports.stats.budgets import RESAMPLES, SEED
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class AccuracyGap:
    """A difference in accuracy, over the same items."""

    difference: Interval
    """First - second, -1 to 1."""
    p_value: float
    """Two-sided, of this comparison alone: exact where every item counts the same, else from a normal distribution."""
    detectable: float | None
    """The smallest difference detectable with 80% power; None where it is not known."""
    items: int
    """That both answered."""


@dataclass(frozen=True)
class EnergyGap:
    """A paired comparison of joules per correct answer, over the same items."""

    probability: float
    """That it does, over other items of this kind."""
    p_value: float
    """Two-sided, of this comparison alone."""
    detectable: float | None
    """The smallest ratio of the two detectable with 80% power; None where it is not known."""
    items: int
    """With joules of both."""


class Pairs(Protocol):
    """Comparisons over all items of a run, or over one domain."""

    def accuracy(self, first: str, second: str) -> AccuracyGap | None:
        """None where no item was answered by both."""

    def joules(self, first: str, others: Sequence[str]) -> list[EnergyGap]:
        """`first` against each of the others."""


@dataclass(frozen=True)
class EqualPairs:
    """Every item counts the same."""

    table: ItemTable

    def accuracy(self, first: str, second: str) -> AccuracyGap | None:
        """By McNemar's exact test, or where scores are graded or repeated by its like for means."""
        ours, theirs = _shared_means(self.table, first, second)
        difference = mean_difference(ours, theirs)
        p_value = paired_p_value(ours, theirs)
        if difference is None or p_value is None:
            return None
        # A pair whose scores differ by half counts as half a discordant pair.
        discordant = float(np.abs(ours - theirs).mean())
        return AccuracyGap(difference, p_value, minimum_detectable_difference(discordant, len(ours)), len(ours))

    def joules(self, first: str, others: Sequence[str]) -> list[EnergyGap]:
        """By paired bootstrap over the items that both have joules for."""
        shares = probabilities_fewer_joules(self.table, first, others) if others else []
        return [
            _energy_gap(self.table, first, other, share, RESAMPLES) for share, other in zip(shares, others, strict=True)
        ]


@dataclass(frozen=True)
class WeighedPairs:
    """Domains count by their shares of a mix."""

    table: ItemTable
    basis: Basis
    """Of that table."""
    shares: Shares

    @cached_property
    def sums(self) -> PairSums:
        """What every difference of accuracy is computed from."""
        return pair_sums(self.table, self.basis)

    def accuracy(self, first: str, second: str) -> AccuracyGap | None:
        """By the normal distribution of the weighed difference."""
        ours, theirs = self.table.column(first), self.table.column(second)
        estimate = weighed_difference(
            self.sums.counts[:, ours, theirs], self.sums.totals[:, ours, theirs], self.sums.squares[:, ours, theirs],
            self.shares,
        )  # fmt: skip
        if estimate is None:
            return None
        difference, error, centre = estimate
        p_value = math.erfc(abs(centre) / error / math.sqrt(2))
        items = int(self.sums.counts[:, ours, theirs].sum())
        return AccuracyGap(difference, p_value, min(1.0, minimum_detectable_shift(error)), items)

    def joules(self, first: str, others: Sequence[str]) -> list[EnergyGap]:
        """By the draws of the basis, domain by domain."""
        ours, theirs = self.table.column(first), [self.table.column(name) for name in others]
        number = len(next(iter(self.basis.drawn.kinds.values())).codes)
        difference = probability_lower(self.basis, ours, theirs, self.shares) if others else []
        return [
            _energy_gap(self.table, first, other, share, number)
            for share, other in zip(difference, others, strict=True)
        ]


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


def accuracy_difference(table: ItemTable, first: str, second: str) -> Interval | None:
    """Accuracy of `first` - `second`, -1 to 1; None where no item was answered by both."""
    return mean_difference(*_shared_means(table, first, second))


def _energy_gap(table: ItemTable, first: str, second: str, probability: float, draws: int) -> EnergyGap:
    items = int(_both_metered(table, table.column(first), [table.column(second)]).sum())
    return EnergyGap(probability, bootstrap_p_value(probability, draws), _detectable_ratio(table, first, second), items)


def _both_metered(table: ItemTable, first: int, others: Sequence[int]) -> NDArray[np.bool_]:
    """Whether both systems have joules of an item, shape (items, others)."""
    return np.asarray((table.metered[:, [first]] > 0) & (table.metered[:, others] > 0))


def _detectable_ratio(table: ItemTable, first: str, second: str) -> float | None:
    """Of joules per correct answer, with as many items of each domain as there are."""
    columns = [
        np.ascontiguousarray(array[:, table.column(name)])
        for name in (first, second)
        for array in (table.energy_j, table.metered_correct)
    ]
    error = log_ratio_se(*columns)
    return None if error is None else minimum_detectable_ratio(error)


def _shared_means(table: ItemTable, first: str, second: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = [table.column(name) for name in (first, second)]
    trials = [np.ascontiguousarray(table.trials[:, column]) for column in columns]
    both = (trials[0] > 0) & (trials[1] > 0)
    ours, theirs = (table.correct[both, column] / times[both] for column, times in zip(columns, trials, strict=True))
    return ours, theirs


def mean_scores(table: ItemTable) -> NDArray[np.float64]:
    """Each system's mean score of each item, over its repeats; 0 where it was not asked. Shape (items, systems)."""
    return np.asarray(table.correct / np.maximum(table.trials, 1))


def probabilities_fewer_joules(table: ItemTable, first: str, others: Sequence[str]) -> list[float]:
    """Return the probability that `first` needs fewer joules per correct answer than each other system."""
    ours, theirs = table.column(first), [table.column(name) for name in others]
    # Each pair over the items that both have joules for.
    shared = _both_metered(table, ours, theirs)
    return probabilities_lower(
        (table.energy_j[:, [ours]] * shared, table.metered_correct[:, [ours]] * shared),
        (table.energy_j[:, theirs] * shared, table.metered_correct[:, theirs] * shared),
        seed=SEED,
    )
