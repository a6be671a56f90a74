"""Turn the rounds of a gate into the figures and the test of each metric.

A round is of items that one system answered and then the other. A *pair* is of two rounds with one coin: who is first
in one is second in the other. Scores are tested item by item. Seconds and joules are tested by one figure of each pair,
the mean of its rounds' log-ratios, in which what the order does cancels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.gate.decision.sequential_tests import TAIL, RatioTrial, ScoreTrial, TailTrial, Trial
from wattbench_reports.gate.evidence.model import Evidence, Pairs, Round
from wattbench_reports.gate.metrics import (
    ACCURACY,
    COST_PER_CORRECT,
    COST_PER_REQUEST,
    JOULES_PER_CORRECT,
    JOULES_PER_REQUEST,
    LATENCY_P50,
    LATENCY_P95,
    TTFT,
)
from wattbench_reports.stats.levelled import Strata
from wattbench_reports.stats.percentiles import needed
from wattbench_reports.stats.quantiles import quantile

UNIT_SCORES = ((1.5, 8.0), (3.0, 16.0), (math.inf, 24.0))
"""Joules per correct answer are compared over units of as many items as should hold this many right answers of the
weaker system, by the ratio of the two accuracies up to which: of fewer the logarithm of their number is too noisy, and
where the accuracies differ the two skews do not cancel. How many items those are is chosen before they are asked: a
unit that ended with a right answer would count too many of them."""

MONEY_ITEMS = 16
"""Cost per request is compared over units of this many items, as joules are over two long rounds: a few long answers
hold much of the tokens, and of fewer items the logarithm of the ratio is not centred on that of the sums."""

_NO_SCORE = 0.5
"""Added to each sum of scores, so that none is 0 (F. J. Anscombe, Biometrika 43, 1956)."""


@dataclass(frozen=True)
class Figures:
    """The test of a metric, and the figures over everything so far."""

    trial: Trial
    baseline: float
    candidate: float
    change: float
    """Candidate against baseline: of accuracy the difference, of others the share by which it is higher."""


def figures_of(evidence: Evidence, metric: str) -> Figures | None:
    """Return the figures of any metric but peak memory; None where there are not enough for a test."""
    return _FIGURES[metric](evidence)


def accuracy_of(evidence: Evidence, domain: str | None = None) -> Figures | None:
    """Return accuracy over all items, or over those of a domain."""
    pairs, items = _by_round(evidence.rounds, lambda one: one.correct, domain=domain)
    if not len(pairs):
        return None
    ours, theirs = pairs.mean(axis=0).tolist()
    trial = ScoreTrial(pairs[:, 1] - pairs[:, 0], items, _strata(evidence, domain))
    return Figures(trial, ours, theirs, theirs - ours)


def _strata(evidence: Evidence, domain: str | None) -> Strata | None:
    """Return to which task each scored item belongs; None where one has none, or there is only one."""
    counts = {name: task.items for name, task in evidence.suite_tasks.items() if domain in (None, task.domain)}
    numbers = {name: number for number, name in enumerate(counts)}
    if len(counts) < 2 or any(len(one.tasks) != one.items for one in evidence.rounds):
        return None

    def number(one: Round) -> Pairs:
        of_task = np.array([numbers.get(task, -1) for task in one.tasks], dtype=np.float64)
        return np.where(np.isfinite(one.correct), of_task[:, None], np.nan)

    tasks = _by_round(evidence.rounds, number, domain=domain)[0][:, 0].astype(np.int64)
    shares = np.array(list(counts.values()), dtype=np.float64)
    return Strata(tasks, shares / shares.sum()) if (tasks >= 0).all() else None


def timed_items(evidence: Evidence) -> int:
    """Count the items of whole pairs that both systems answered in a known time."""
    return len(_by_round(evidence.rounds, _seconds, above_zero=True, only=_of_whole_pairs(evidence.rounds))[0])


def whole_pairs(rounds: Sequence[Round]) -> list[tuple[int, ...]]:
    """Return the positions of the rounds of each pair that is whole, in order; of a round without a pair its own."""
    pairs: list[tuple[int, ...]] = []
    open_pair: tuple[int, int] | None = None  # of the round before: its pair, its position
    for position, one in enumerate(rounds):
        if one.pair is None:
            pairs.append((position,))
            open_pair = None
        elif open_pair is not None and open_pair[0] == one.pair:
            pairs.append((open_pair[1], position))
            open_pair = None
        else:
            open_pair = (one.pair, position)
    return pairs


def _typical(evidence: Evidence) -> Figures | None:
    return _ratios_of_items(evidence, [one.seconds for one in evidence.rounds])


def _first_token(evidence: Evidence) -> Figures | None:
    return _ratios_of_items(evidence, [one.ttft_s for one in evidence.rounds])


def _ratios_of_items(evidence: Evidence, values: list[Pairs | None]) -> Figures | None:
    """Return each pair's mean of its rounds' median ratios over their items: paired, so that their lengths cancel."""
    timed, counts = _known([np.empty((0, 2)) if pairs is None else pairs for pairs in values], above_zero=True)
    trial = _ratio_trial(evidence.rounds, _mean_of_pair(_median_ratios(timed, counts)), counts.tolist())
    if trial is None:
        return None
    ours, theirs = (quantile(column, 0.5) for column in timed.T)
    return Figures(trial, ours, theirs, float(np.expm1(np.median(trial.d))))


def _median_ratios(timed: Pairs, counts: NDArray[np.int64]) -> list[float | None]:
    """Return each round's median log-ratio of the candidate to the baseline; None without items."""
    if not len(timed):
        return [None] * len(counts)
    ratios = np.log(timed[:, 1] / timed[:, 0])
    ranked = ratios[np.lexsort((ratios, np.repeat(np.arange(len(counts)), counts)))]
    start, last = np.cumsum(counts) - counts, np.maximum(counts - 1, 0)
    lower, upper = (ranked[np.minimum(start + position, len(ranked) - 1)] for position in (last // 2, (last + 1) // 2))
    medians = ((lower + upper) / 2).tolist()
    return [median if count else None for median, count in zip(medians, counts.tolist(), strict=True)]


def _slowest(evidence: Evidence) -> Figures | None:
    whole = _of_whole_pairs(evidence.rounds)
    pairs, items = _by_round(evidence.rounds, _seconds, above_zero=True, only=whole)
    if len(pairs) < needed(TAIL):
        return None
    ours, theirs = (quantile(column, TAIL) for column in pairs.T)
    ends = {group[-1] for group in whole_pairs(evidence.rounds)}
    trial = TailTrial.of(pairs, items.tolist(), [position in ends for position in range(len(evidence.rounds))])
    return Figures(trial, ours, theirs, theirs / ours - 1)


def _per_request(evidence: Evidence) -> Figures | None:
    joules_of = [_joules(one) for one in evidence.rounds]
    ratios = [None if joules is None else float(np.log(joules[1] / joules[0])) for joules in joules_of]
    trial = _ratio_trial(evidence.rounds, _mean_of_pair(ratios), [one.items for one in evidence.rounds])
    if trial is None:
        return None
    counted = [(own_j, one.items) for own_j, one in zip(joules_of, evidence.rounds, strict=True) if own_j is not None]
    items = sum(count for _, count in counted)
    ours, theirs = (np.sum([joules for joules, _ in counted], axis=0) / items).tolist()
    return Figures(trial, ours, theirs, theirs / ours - 1)


def _joules_per_correct(evidence: Evidence) -> Figures | None:
    spent = _joules_of_rounds(evidence.rounds)
    return _per_correct(evidence.rounds, np.where(spent > 0, spent, np.nan))


def _cost_per_correct(evidence: Evidence) -> Figures | None:
    return _per_correct(evidence.rounds, _money_of_rounds(evidence.rounds))


def _per_correct(rounds: Sequence[Round], spent: Pairs) -> Figures | None:
    """Combine pairs until their items should hold enough right answers of either system, by what came before them.

    Args:
        rounds: of the evidence.
        spent: of each round, by either system; NaN where it is not known.
    """
    right = _scores_of_rounds(rounds)
    scored = np.asarray(np.isfinite(right).all(axis=1))
    items = np.array([one.items for one in rounds], dtype=np.int64)
    counted = np.where(scored[:, None], np.column_stack([right, items]), 0.0)
    before = np.cumsum(counted, axis=0) - counted
    units = _Units(spent, right, items)
    for group in whole_pairs(rounds):
        units.add(group, _items_of_unit(before[group[0], :2], int(before[group[0], 2])))
    trial = units.trial(lambda scores: scores + _NO_SCORE)
    return None if trial is None else units.figures(trial)


def _cost_per_request(evidence: Evidence) -> Figures | None:
    items = np.array([one.items for one in evidence.rounds], dtype=np.int64)
    per_item = np.column_stack([items, items]).astype(np.float64)
    units = _Units(_money_of_rounds(evidence.rounds), per_item, items)
    for group in whole_pairs(evidence.rounds):
        units.add(group, MONEY_ITEMS)
    trial = units.trial(lambda counts: counts)
    return None if trial is None else units.figures(trial)


class _Units:
    """Pairs that are combined until they hold enough items, each unit with one ratio of what was spent.

    How many items are enough is chosen before a unit begins. A unit in which a system spent nothing (money of answers
    without tokens) goes on until it did.
    """

    def __init__(self, spent: Pairs, over: Pairs, items: NDArray[np.int64]) -> None:
        """Begin without a unit.

        Args:
            spent: shape (rounds, 2); NaN where it is not known.
            over: the same shape: what it is divided by.
            items: shape (rounds,).
        """
        self._spent, self._over, self._items = spent, over, items
        self._usable = np.asarray(np.isfinite(np.column_stack([spent, over])).all(axis=1)).tolist()
        self._by_round: list[tuple[int, float, float]] = list(zip(items.tolist(), *spent.T.tolist(), strict=True))
        self._open: list[int] = []
        self._enough = 0.0
        self._units: list[list[int]] = []

    def add(self, group: Sequence[int], items_of_unit: float) -> None:
        """Add a pair of rounds to the unit that is open, or begin one; a pair that is not known is left out.

        Args:
            group: the positions of its rounds.
            items_of_unit: how many items a unit that begins here should have.
        """
        if not all(self._usable[position] for position in group):
            return
        if not self._open:
            self._enough = items_of_unit
        self._open += group
        items, ours, theirs = map(sum, zip(*(self._by_round[position] for position in self._open), strict=True))
        if items >= self._enough and min(ours, theirs) > 0:
            self._units.append(self._open)
            self._open = []

    def trial(self, divisor: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> RatioTrial | None:
        """Return the test of one log-ratio of each unit; None without any."""
        d: list[float | None] = [None] * len(self._items)
        counts = [0] * len(self._items)
        for unit in self._units:
            each = np.log(self._spent[unit].sum(axis=0) / divisor(self._over[unit].sum(axis=0)))
            d[unit[-1]], counts[unit[-1]] = float(each[1] - each[0]), int(self._items[unit].sum())
        return _trial(d, counts)

    def figures(self, trial: RatioTrial) -> Figures | None:
        """Return the figures over all units; None where one of the systems has nothing to divide by."""
        rounds = [position for unit in self._units for position in unit]
        spent, over = self._spent[rounds].sum(axis=0), self._over[rounds].sum(axis=0)
        if over.min() <= 0:
            return None
        ours, theirs = (spent / over).tolist()
        return Figures(trial, ours, theirs, theirs / ours - 1)


def _items_of_unit(right: NDArray[np.float64], items: int) -> float:
    """Return how many items the next unit should have, from the sums of both systems' scores until then.

    An accuracy is estimated as if a right and a wrong answer had come before (P. S. Laplace's rule of succession).
    """
    weaker, stronger = sorted(float(each + 1) / (items + 2) for each in right)
    return next(score for ratio, score in UNIT_SCORES if stronger <= ratio * weaker) / weaker


def _mean_of_pair(values: Sequence[float | None]) -> Callable[[tuple[int, ...]], float | None]:
    """Return what averages the values of a pair's rounds; None where one of them has none."""

    def mean(positions: tuple[int, ...]) -> float | None:
        known = [value for position in positions if (value := values[position]) is not None]
        return sum(known) / len(known) if len(known) == len(positions) else None

    return mean


def _ratio_trial(
    rounds: Sequence[Round], figure: Callable[[tuple[int, ...]], float | None], items: Sequence[int]
) -> RatioTrial | None:
    """Return the test of one figure of each whole pair; None without any."""
    d: list[float | None] = [None] * len(rounds)
    counts = [0] * len(rounds)
    for positions in whole_pairs(rounds):
        value = figure(positions)
        if value is not None:
            d[positions[-1]], counts[positions[-1]] = value, sum(items[position] for position in positions)
    return _trial(d, counts)


def _trial(d: Sequence[float | None], counts: Sequence[int]) -> RatioTrial | None:
    known = np.array([value is not None for value in d], dtype=bool)
    if not known.any():
        return None
    values = np.array([value for value in d if value is not None])
    sizes = np.array([count for count, value in zip(counts, d, strict=True) if value is not None])
    return RatioTrial(values, sizes, np.cumsum(known), np.cumsum(counts))


def _of_whole_pairs(rounds: Sequence[Round]) -> frozenset[int]:
    return frozenset(position for group in whole_pairs(rounds) for position in group)


def _joules_of_rounds(rounds: Sequence[Round]) -> Pairs:
    """Return each round's joules; NaN without."""
    spent = [(np.nan, np.nan) if one.energy_j is None else one.energy_j for one in rounds]
    return np.array(spent, dtype=np.float64).reshape(-1, 2)


def _money_of_rounds(rounds: Sequence[Round]) -> Pairs:
    """Return each round's money; NaN without."""
    spent = [(np.nan, np.nan) if one.money is None else one.money for one in rounds]
    return np.array(spent, dtype=np.float64).reshape(-1, 2)


def _scores_of_rounds(rounds: Sequence[Round]) -> Pairs:
    """Return each round's sums of scores; NaN where one is missing, or without items."""
    counts = np.array([one.items for one in rounds], dtype=np.int64)
    every = np.concatenate([np.empty((0, 2)), *(one.correct for one in rounds)])
    round_of = np.repeat(np.arange(len(rounds)), counts)
    sums = np.stack([np.bincount(round_of, side, len(rounds)) for side in every.T], axis=1)
    return np.where(counts[:, None] > 0, sums, np.nan)


def _joules(one: Round) -> NDArray[np.float64] | None:
    return np.array(one.energy_j) if one.energy_j is not None and min(one.energy_j) > 0 else None


def _seconds(one: Round) -> Pairs:
    return one.seconds


def _by_round(
    rounds: Sequence[Round],
    figures: Callable[[Round], Pairs],
    *,
    above_zero: bool = False,
    domain: str | None = None,
    only: frozenset[int] | None = None,
) -> tuple[Pairs, NDArray[np.int64]]:
    """Return the items with both figures, and their number after each round.

    Args:
        rounds: of the evidence.
        figures: of a round, of all its items.
        above_zero: leave out items with a figure of 0.
        domain: of which alone; None: of all.
        only: the positions of the rounds that count; None: all.
    """
    known = [
        figures(one) if only is None or position in only else np.empty((0, 2)) for position, one in enumerate(rounds)
    ]
    if domain is not None:
        known = [
            pairs[[each == domain for each in one.domains]] if one.domains and len(pairs) else pairs[:0]
            for pairs, one in zip(known, rounds, strict=True)
        ]
    pairs, counts = _known(known, above_zero=above_zero)
    return pairs, np.cumsum(counts)


def _known(by_round: Sequence[Pairs], *, above_zero: bool = False) -> tuple[Pairs, NDArray[np.int64]]:
    """Return the items with both figures, and their number in each round."""
    every = np.concatenate([np.empty((0, 2)), *by_round])
    usable = np.isfinite(every).all(axis=1) & ((every > 0).all(axis=1) if above_zero else True)
    round_of = np.repeat(np.arange(len(by_round)), [len(pairs) for pairs in by_round])
    return every[usable], np.bincount(round_of[usable], minlength=len(by_round))


_FIGURES: Mapping[str, Callable[[Evidence], Figures | None]] = {
    ACCURACY: accuracy_of,
    LATENCY_P50: _typical,
    LATENCY_P95: _slowest,
    TTFT: _first_token,
    JOULES_PER_REQUEST: _per_request,
    JOULES_PER_CORRECT: _joules_per_correct,
    COST_PER_REQUEST: _cost_per_request,
    COST_PER_CORRECT: _cost_per_correct,
}
