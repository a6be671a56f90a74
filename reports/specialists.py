"""Specialists in their domain and elsewhere, against the best generalist on the same items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.compare import Analysis
from reports.domains import candidates
from reports.itemtable import ItemTable
from reports.measures import SEED
from reports.pairs import accuracy_difference
from reports.stats import Interval, interval_of, ratios, resampled_sums


@dataclass(frozen=True)
class Side:
    """A specialist and a generalist, on the items of its domain or on all others."""

    at_home: bool
    items: int
    """That both answered."""
    accuracy: float
    generalist: str
    """The most accurate on these items."""
    generalist_accuracy: float
    difference: Interval
    """Accuracy of the specialist - the generalist's, over these items."""
    j_per_correct: float | None
    """Over the items that both have joules for; None without any, or where none of them is correct. So is the next."""
    generalist_j_per_correct: float | None
    times_the_joules: Interval | None
    """The specialist's joules per correct answer over the generalist's; None where one of them has none, or the two
    may not be compared."""
    reason: str
    """Why not; empty where there is one."""


@dataclass(frozen=True)
class Specialist:
    """One system with a domain of its own."""

    system: str
    domain: str
    sides: tuple[Side, ...]
    """At home first; a side without items is left out, and so are both where there is no generalist."""


@dataclass(frozen=True)
class _Pair:
    """What the joules of one side are summed from: each of shape (items, 4), zero where an item does not count."""

    at_home: bool
    generalist: str
    table: ItemTable
    sums: NDArray[np.float64]
    """Joules and correct answers of the specialist, then of the generalist."""


def specialists(analysis: Analysis) -> tuple[Specialist, ...]:
    """Every system with a domain on record that may be compared; empty where there is none."""
    known, names = analysis.frames.run.systems(), candidates(analysis)
    generalists = [name for name in names if analysis.kinds[name] == "generalist"]
    homes = {
        name: home
        for name in names
        if name in known and analysis.kinds[name] == "specialist" and (home := known[name].domain) is not None
    }
    pairs = {
        name: list(_pairs(analysis.table, name, home, generalists)) if generalists else []
        for name, home in homes.items()
    }
    blocks = [pair.sums for own in pairs.values() for pair in own]
    # One set of draws for all of them: its cost is in the drawing.
    drawn = iter(resampled_sums(*blocks, seed=SEED) if blocks else ())
    return tuple(
        Specialist(name, homes[name], tuple(_side(analysis, name, pair, next(drawn)) for pair in own))
        for name, own in pairs.items()
    )


def _pairs(table: ItemTable, name: str, home: str, generalists: Sequence[str]) -> Iterable[_Pair]:
    ours = table.column(name)
    for at_home in (True, False):
        here = (table.domains == home) == at_home
        side = table.where(here & (table.asked[:, ours] > 0))
        shares = {
            each: float(side.correct[:, column].sum() / asked)
            for each in generalists
            if (asked := side.asked[:, (column := side.column(each))].sum()) > 0
        }
        if not shares:
            continue
        best = max(shares, key=lambda each: shares[each])
        theirs = table.column(best)
        shared = here & (table.metered[:, ours] > 0) & (table.metered[:, theirs] > 0)
        sums = np.column_stack(
            [
                block[:, column] * shared
                for column in (ours, theirs)
                for block in (table.energy_j, table.metered_correct)
            ]
        )
        both = table.where(here & (table.asked[:, ours] > 0) & (table.asked[:, theirs] > 0))
        if len(both.domains):
            yield _Pair(at_home, best, both, sums)


def _side(analysis: Analysis, name: str, pair: _Pair, drawn: NDArray[np.float64]) -> Side:
    table, other = pair.table, pair.generalist
    accuracies = [float(table.correct[:, c].sum() / table.asked[:, c].sum()) for c in map(table.column, (name, other))]
    difference = accuracy_difference(table, name, other)
    assert difference is not None  # there are items that both answered
    our_j, our_correct, their_j, their_correct = (float(total) for total in pair.sums.sum(axis=0))
    reason = _why_not(analysis, name, other, their_j, our_correct, their_correct)
    times = None
    if not reason:
        # (ours / correct) / (theirs / correct) as one ratio: nothing correct in a draw is infinitely dear.
        draws = ratios(drawn[:, 0] * drawn[:, 3], drawn[:, 1] * drawn[:, 2])
        estimate = our_j * their_correct / (our_correct * their_j)
        few = int((pair.sums[:, 0] > 0).sum()) < 2
        times = Interval(estimate, 0.0, float("inf")) if few else interval_of(estimate, draws)
    return Side(
        at_home=pair.at_home,
        items=len(table.domains),
        accuracy=accuracies[0],
        generalist=other,
        generalist_accuracy=accuracies[1],
        difference=difference,
        j_per_correct=our_j / our_correct if our_correct else None,
        generalist_j_per_correct=their_j / their_correct if their_correct else None,
        times_the_joules=times,
        reason=reason,
    )


def _why_not(
    analysis: Analysis, name: str, other: str, their_j: float, our_correct: float, their_correct: float
) -> str:
    if not analysis.joules_comparable(name, other):
        return "their joules may not be set beside each other"
    if not their_j:
        return "there are no joules to set them against"
    spoiled = [each for each in (name, other) if not analysis.judged[each].valid]
    if spoiled:
        return f"not all measured windows of {' and of '.join(spoiled)} are valid"
    wrong = [each for each, correct in ((name, our_correct), (other, their_correct)) if not correct]
    return f"{' and '.join(wrong)} answered nothing correctly" if wrong else ""
