"""Compare two systems over the items that both answered: what rankings and routing are based on.

In a run of two blocks or more joules are compared block by block (`block_pairs`), and accuracies by item and by block,
of which the more cautious counts. In a run without blocks items alone are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.block_pairs import (
    detectable_ratio,
    joule_pair,
    paired,
    score_pair,
    shared_blocks,
    weighted_joules,
)
from wattbench_reports.comparison.joule_draws import JouleDraws, of_mix, over_items
from wattbench_reports.metrics.domain_sums import Basis, Shares, basis
from wattbench_reports.metrics.mix_weighting import block_scores, weighed_difference
from wattbench_reports.metrics.ratio_intervals import LONE, lone_share
from wattbench_reports.stats import (
    CONFIDENCE,
    Interval,
    PairedBlockRatio,
    log_ratio_se,
    mean_difference,
    minimum_detectable_difference,
    minimum_detectable_ratio,
    minimum_detectable_shift,
    paired_block_means,
    paired_p_value,
)
from wattbench_reports.tables.item_matrix import ItemTable, mean_scores


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


@dataclass(frozen=True)
class AccuracyGap:
    """A difference in accuracy, over the same items."""

    difference: Interval
    """First - second, -1 to 1."""
    p_value: float
    """Two-sided, of this comparison alone: exact where every item counts the same, else from a normal distribution; in
    a run of blocks the larger one of that and Student's t between blocks."""
    detectable: float | None
    """The smallest difference detectable with 80% power; None where it is not known."""
    items: int
    """That both answered."""


@dataclass(frozen=True)
class EnergyGap:
    """A paired comparison of joules per correct answer, over the same items."""

    probability: float
    """That the first really needs fewer, over other items of these tasks."""
    p_value: float | None
    """Two-sided, of this comparison alone; None where the two were measured in sessions whose variance is not known."""
    detectable: float | None
    """The smallest ratio of the two detectable with 80% power; None where it is not known."""
    items: int
    """With joules of both."""


class Pairs(Protocol):
    """Comparisons over all items of a run, or over one domain.

    `detectable` says whether the smallest detectable difference is wanted, which takes longest.
    """

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        """Compare the accuracy of two systems; None where no item was answered by both."""

    def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
        """Compare the joules per correct answer of `first` with those of each of the others."""


@dataclass(frozen=True)
class EqualPairs:
    """Comparisons of two systems in which every item counts the same."""

    table: ItemTable

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        """Compare accuracies by McNemar's exact test, or graded or repeated scores by the sign-flip test."""
        if (first, second) not in self._compared:
            self._compared[first, second] = self._accuracy(first, second)
        gap, discordant = self._compared[first, second]
        if gap is None or not detectable:
            return gap
        # Of so many items, or of corrected scores, the normal distribution, from their spread.
        if self.table.sizes is not None or discordant == math.inf:
            return replace(gap, detectable=min(1.0, minimum_detectable_shift(_error(gap.difference))))
        return replace(gap, detectable=minimum_detectable_difference(discordant, gap.items))

    @cached_property
    def _compared(self) -> dict[tuple[str, str], tuple[AccuracyGap | None, float]]:
        """Return a cache of the compared pairs: a report compares the same systems in several sections."""
        return {}

    def _accuracy(self, first: str, second: str) -> tuple[AccuracyGap | None, float]:
        """Compare the accuracy of two systems, and return the share of discordant items too; infinite of corrected
        scores, of which no single pair says anything."""
        columns = self.table.column(first), self.table.column(second)
        answered, scores = self._scores
        both = answered[columns[0]] & answered[columns[1]]
        ours, theirs = (scores[each] if both.all() else scores[each][both] for each in columns)
        difference, p_value = mean_difference(ours, theirs), paired_p_value(ours, theirs)
        if difference is None or p_value is None:
            return None, 0.0
        blocks = shared_blocks(self.table, *columns, both)
        if blocks is not None and (pair := score_pair(blocks, ours, theirs, (difference, p_value))) is not None:
            difference, p_value = pair.difference, pair.p_value
        # A pair whose scores differ by half counts as half a discordant pair.
        apart = np.abs(ours - theirs)
        discordant = float(apart.mean()) if apart.max(initial=0.0) <= 1 else math.inf
        return AccuracyGap(difference, p_value, None, self.table.items(*columns)), discordant

    @cached_property
    def _scores(self) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Return which items each system answered, and its mean score of each item, both of shape (systems, items)."""
        answered = self.table.trials > 0
        return answered.T, mean_scores(self.table).T

    def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
        """Compare joules block by block, or by items drawn again, over the items that both systems have joules for."""
        for other in others:
            if (first, other, detectable) not in self._compared_joules:
                self._compared_joules[first, other, detectable] = self._joules(first, other, detectable=detectable)
        return [self._compared_joules[first, other, detectable] for other in others]

    @cached_property
    def _compared_joules(self) -> dict[tuple[str, str, bool], EnergyGap]:
        """Return a cache of the compared joules, with and without the detectable ratio."""
        return {}

    def _joules(self, first: str, second: str, *, detectable: bool) -> EnergyGap:
        ours, theirs = self.table.column(first), self.table.column(second)
        if (pair := joule_pair(self.table, ours, theirs)) is not None:
            return _block_gap(self.table, first, second, pair)
        both = _both_metered(self.table, ours, [theirs])[:, 0]
        if not both.any():
            return EnergyGap(0.5, None, None, 0)
        if both.sum() == self._metered_by_all.sum():
            probability, p_value = self._draws.compared(ours, theirs)
        else:
            columns = [ours, theirs]
            drawn = over_items(self.table.energy_j[both][:, columns], self.table.metered_correct[both][:, columns])
            probability, p_value = drawn.compared(0, 1)
        smallest = _detectable_ratio(self.table, first, second) if detectable else None
        return EnergyGap(probability, p_value, smallest, self.table.metered_items(ours, theirs))

    @cached_property
    def _metered_by_all(self) -> NDArray[np.bool_]:
        return np.asarray((self.table.metered > 0).all(axis=1))

    @cached_property
    def _draws(self) -> JouleDraws:
        """Return draws of all systems over the items that all have joules for, made once for all pairs."""
        rows = self._metered_by_all
        return over_items(self.table.energy_j[rows], self.table.metered_correct[rows])


@dataclass(frozen=True)
class WeighedPairs:
    """Comparisons of two systems in which domains count by their shares of a mix."""

    table: ItemTable
    basis: Basis
    """Of that table."""
    shares: Shares

    @cached_property
    def sums(self) -> PairSums:
        """Return the sums from which every difference of accuracy is computed."""
        return pair_sums(self.table, self.basis)

    def accuracy(self, first: str, second: str, *, detectable: bool = True) -> AccuracyGap | None:
        """Compare accuracies by the normal distribution of the weighed difference."""
        ours, theirs = self.table.column(first), self.table.column(second)
        estimate = weighed_difference(
            self.sums.counts[:, ours, theirs], self.sums.totals[:, ours, theirs], self.sums.squares[:, ours, theirs],
            self.shares,
        )  # fmt: skip
        if estimate is None:
            return None
        difference, error, centre = estimate
        p_value = math.erfc(abs(centre) / error / math.sqrt(2))
        items = self.table.items(ours, theirs)
        if self.basis.blocks is not None:
            scores, answers = self._common(self.table.trials, ours, theirs)._block_scores
            one, other = ((scores[:, [each]], answers[:, [each]]) for each in (ours, theirs))
            pair = paired_block_means(one, other, by_item=[(difference, p_value)])[0]
            difference, p_value = (difference, p_value) if pair is None else (pair.difference, pair.p_value)
        return AccuracyGap(difference, p_value, min(1.0, minimum_detectable_shift(error)), items)

    def joules(self, first: str, others: Sequence[str], *, detectable: bool = True) -> list[EnergyGap]:
        """Compare joules block by block, or by the draws of the basis, domain by domain.

        Where a domain of a single item counts, nothing is known of a system, and no difference is shown.
        """
        ours, theirs = self.table.column(first), [self.table.column(name) for name in others]
        if not others:
            return []
        unknown = self._unknown
        if unknown[ours]:
            return [EnergyGap(0.5, 1.0, None, _both(self.table, first, other)) for other in others]
        gaps = self._joules(first, others, detectable=detectable)
        return [
            EnergyGap(0.5, 1.0, None, gap.items) if unknown[column] else gap
            for column, gap in zip(theirs, gaps, strict=True)
        ]

    def _joules(self, first: str, others: Sequence[str], *, detectable: bool) -> list[EnergyGap]:
        alike: dict[int, list[str]] = {}
        over: dict[int, WeighedPairs] = {}
        for other in others:
            pairs = self._common(self.table.metered, self.table.column(first), self.table.column(other))
            alike.setdefault(id(pairs), []).append(other)
            over[id(pairs)] = pairs
        gaps = {
            other: gap
            for key, names in alike.items()
            for other, gap in zip(names, over[key]._joules_of_all(first, names, detectable=detectable), strict=True)
        }
        return [gaps[other] for other in others]

    def _common(self, answers: NDArray[np.float64], first: int, second: int) -> WeighedPairs:
        """Return comparisons over only the items that two systems have in common.

        Where a domain that has a share has none of them it is these, too: it is then unknown of one of the two.

        Args:
            answers: shape (items, systems): which count.
            first: a system's column.
            second: another's.
        """
        ours, theirs = answers[:, first] > 0, answers[:, second] > 0
        if np.array_equal(ours, theirs):
            return self
        key = (ours & theirs).tobytes()
        if key not in self._over_items:
            table = self.table.where(ours & theirs)
            kept = basis(table) if len(table.domains) else None
            same = kept is not None and kept.domains == self.basis.domains
            self._over_items[key] = WeighedPairs(table, kept, self.shares) if kept is not None and same else self
        return self._over_items[key]

    @cached_property
    def _over_items(self) -> dict[bytes, WeighedPairs]:
        """Return a cache of the comparisons that `_common` made, by the items that count."""
        return {}

    def _joules_of_all(self, first: str, others: Sequence[str], *, detectable: bool) -> list[EnergyGap]:
        ours, theirs = self.table.column(first), [self.table.column(name) for name in others]
        if self.basis.blocks is not None:
            pairs = paired(self._block_joules, ours, theirs)
            return [
                EnergyGap(0.5, None, None, _both(self.table, first, other))
                if pair is None
                else _block_gap(self.table, first, other, pair)
                for other, pair in zip(others, pairs, strict=True)
            ]
        compared = [self._draws.compared(ours, other) for other in theirs]
        return [
            EnergyGap(
                probability,
                p_value,
                _detectable_ratio(self.table, first, other) if detectable else None,
                _both(self.table, first, other),
            )
            for other, (probability, p_value) in zip(others, compared, strict=True)
        ]

    @cached_property
    def _draws(self) -> JouleDraws:
        return of_mix(self.basis, self.shares)

    @cached_property
    def _block_scores(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return block_scores(self.basis, self.shares)

    @cached_property
    def _block_joules(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return weighted_joules(self.basis, self.shares)

    @cached_property
    def _unknown(self) -> NDArray[np.bool_]:
        """Return whether a domain of a single item counts too much for a system, shape (systems,)."""
        return np.asarray(lone_share(self.basis, self.shares) > LONE)


def accuracy_difference(table: ItemTable, first: str, second: str) -> Interval | None:
    """Return the accuracy of `first` - `second`, -1 to 1; None where no item was answered by both."""
    return mean_difference(*_shared_means(table, first, second))


def _error(difference: Interval) -> float:
    """Return the standard error of a difference, from its bounds."""
    return (difference.high - difference.low) / 2 / NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


def _block_gap(table: ItemTable, first: str, second: str, pair: PairedBlockRatio) -> EnergyGap:
    return EnergyGap(pair.probability_lower, pair.p_value, detectable_ratio(pair), _both(table, first, second))


def _both(table: ItemTable, first: str, second: str) -> int:
    """Count the items that both systems have joules for."""
    return table.metered_items(table.column(first), table.column(second))


def _both_metered(table: ItemTable, first: int, others: Sequence[int]) -> NDArray[np.bool_]:
    """Return whether both systems have joules of an item, shape (items, others)."""
    return np.asarray((table.metered[:, [first]] > 0) & (table.metered[:, others] > 0))


def _detectable_ratio(table: ItemTable, first: str, second: str) -> float | None:
    """Return the detectable ratio of joules per correct answer of two systems, with as many items as there are."""
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
