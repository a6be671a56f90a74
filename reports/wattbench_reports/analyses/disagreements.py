"""Count the items that only one of two systems answers correctly (flips)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.stats.paired import coin_p
from wattbench_reports.tables.item_matrix import RIGHT, ItemTable, shown_scores


@dataclass(frozen=True)
class Pair:
    """Two systems that a reader will want to compare."""

    first: str
    second: str
    why: str
    """In a sentence."""


@dataclass(frozen=True)
class Fourfold:
    """Counts of right and wrong answers of two systems to the items of one task that both answered."""

    task: str | None
    """None: all tasks."""
    both: int
    first_only: int
    second_only: int
    neither: int
    p: float | None
    """How often two equally good systems would split the flipped items at least as unevenly, two-sided; None where
    nothing flipped, or where a judge's verdicts say what is right. McNemar, "Note on the sampling error of the
    difference between correlated proportions or percentages" (1947), with the exact binomial in place of its
    chi-square."""

    @property
    def items(self) -> int:
        """Return the number of items that both systems answered."""
        return self.both + self.first_only + self.second_only + self.neither

    @property
    def flipped(self) -> int:
        """Return the number of items that exactly one of the two systems answers correctly."""
        return self.first_only + self.second_only


@dataclass(frozen=True)
class Flips:
    """The items that only one system of a pair answers correctly."""

    pair: Pair
    total: Fourfold
    tasks: tuple[Fourfold, ...]
    """In the order of the suite."""


def flips(measured: Measured, pairs: Sequence[Pair]) -> tuple[Flips, ...]:
    """Count the items that only one system of each pair answers correctly. Pairs without a common item are left out.

    Args:
        measured: of the run.
        pairs: systems of the run.
    """
    table = measured.table
    suite = measured.frames.categories("task")
    tasks = table.tasks.numbers(suite)
    scores, judged = shown_scores(measured.frames, table), measured.frames.judged_tasks
    compared = [(pair, _Sides.of(table, scores, pair)) for pair in pairs]
    opinions = frozenset[str]() if judged is None else judged.counted
    return tuple(
        Flips(pair, *sides.fourfolds(suite, tasks, opinions)) for pair, sides in compared if sides.answered.any()
    )


@dataclass(frozen=True)
class _Sides:
    """Masks of the items that both systems answered, and that each answered correctly: arrays of shape (items,)."""

    answered: NDArray[np.bool_]
    first_right: NDArray[np.bool_]
    second_right: NDArray[np.bool_]

    @classmethod
    def of(cls, table: ItemTable, scores: NDArray[np.float64], pair: Pair) -> _Sides:
        """Select the columns of a pair. `scores` has shape (items, systems)."""
        one, other = (table.column(name) for name in (pair.first, pair.second))
        first, second = scores[:, one], scores[:, other]
        answered = (table.trials[:, one] > 0) & (table.trials[:, other] > 0) & np.isfinite(first + second)
        return cls(answered, first >= RIGHT, second >= RIGHT)

    def fourfolds(
        self, suite: Sequence[str], tasks: NDArray[np.int64], judged: Collection[str]
    ) -> tuple[Fourfold, tuple[Fourfold, ...]]:
        """Count right and wrong answers over all items, and in each task with items that both systems answered.

        Args:
            suite: the tasks.
            tasks: shape (items,), the index of each item's task in `suite`.
            judged: tasks in which what is right is partly an opinion, so that nothing is tested.
        """
        case = 4 * tasks + 2 * ~self.first_right + ~self.second_right
        counts = np.bincount(case[self.answered], minlength=4 * len(suite)).reshape(-1, 4)
        each = tuple(
            _fourfold(task, counts_of_task, tested=task not in judged)
            for task, counts_of_task in zip(suite, counts, strict=True)
            if counts_of_task.any()
        )
        tested = not any(task.task in judged for task in each)
        return _fourfold(None, counts.sum(axis=0), tested=tested), each


def _fourfold(task: str | None, counts: NDArray[np.int64], *, tested: bool) -> Fourfold:
    both, gained, lost, neither = (int(count) for count in counts)
    p = coin_p(gained, gained + lost) if tested and gained + lost else None
    return Fourfold(task, both, gained, lost, neither, p)


def chosen_pairs(measured: Measured) -> tuple[Pair, ...]:
    """Choose the pairs worth comparing, most important first, each once, without yardsticks.

    The two most accurate; the one with the fewest joules per correct answer and the most accurate; each hybrid and the
    best single system; each student and its teacher; each specialist and the most accurate generalist.
    """
    chosen: dict[frozenset[str], Pair] = {}
    for pair in _candidates(measured):
        if pair.first != pair.second:
            chosen.setdefault(frozenset((pair.first, pair.second)), pair)
    return tuple(chosen.values())


def _candidates(measured: Measured) -> Iterator[Pair]:
    figures = {
        name: each
        for name, each in measured.systems.items()
        if name not in measured.yardsticks and each.accuracy is not None
    }
    ordered = sorted(figures, key=lambda name: -_accuracy(measured, name))
    if len(ordered) < 2:
        return
    best, kinds = ordered[0], measured.kinds
    yield Pair(best, ordered[1], "The two most accurate systems.")
    joules = {
        name: each.j_per_correct.estimate
        for name, each in figures.items()
        if each.j_per_correct is not None and measured.joules_comparable(name, best)
    }
    if joules:
        thrifty = min(joules, key=lambda name: joules[name])
        yield Pair(thrifty, best, "The fewest joules per correct answer, and the most accurate.")
    single = next((name for name in ordered if kinds[name] != "hybrid"), None)
    for name in figures:
        if kinds[name] == "hybrid" and single is not None:
            yield Pair(name, single, "A hybrid, and the most accurate single system.")
    rows = measured.frames.run.systems()
    for name in figures:
        teacher = rows[name].teacher if name in rows else None
        if teacher in figures:
            yield Pair(name, teacher, "A student, and its teacher.")
    generalist = next((name for name in ordered if kinds[name] == "generalist"), None)
    for name in figures:
        if kinds[name] == "specialist" and generalist is not None:
            yield Pair(name, generalist, "A specialist, and the most accurate generalist.")


def _accuracy(measured: Measured, name: str) -> float:
    accuracy = measured.systems[name].accuracy
    assert accuracy is not None  # the caller has left out who has none
    return accuracy.estimate
