"""Compare specialists, in their domain and elsewhere, with the best generalist on the same items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paired_tests import accuracy_difference
from wattbench_reports.stats import Interval, percentile_interval, ratios
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class SpecialistComparison:
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
    """Over its requests with joules; None without any, or where none of them is correct. So is the next."""
    generalist_j_per_correct: float | None
    times_the_joules: Interval | None
    """The specialist's joules per correct answer over the generalist's; None where one of them has none, or the two
    may not be compared."""
    reason: str
    """Why not; empty where there is one."""


@dataclass(frozen=True)
class Specialist:
    """A specialist, in its domain and outside it."""

    system: str
    domain: str
    comparisons: tuple[SpecialistComparison, ...]
    """Its own domain first; one without items is left out, and so are both where there is no generalist."""


def specialists(measured: Measured) -> tuple[Specialist, ...]:
    """Compare every specialist with a recorded domain; empty without any.

    Items count the same here, whatever mix of domains the run's figures are stated for.
    """
    known, names = measured.frames.run.systems(), tuple(measured.contest.candidates)
    generalists = [name for name in names if measured.kinds[name] == "generalist"]
    homes = {
        name: home
        for name in names
        if name in known and measured.kinds[name] == "specialist" and (home := known[name].domain) is not None
    }
    drawn = _Sums.drawn(measured) if homes and generalists else None
    return tuple(
        Specialist(
            name, home, () if drawn is None else tuple(_comparisons(measured, name, home, generalists, drawn))
        )
        for name, home in homes.items()
    )  # fmt: skip


@dataclass(frozen=True)
class _Sums:
    """Sums of joules and correct answers over all answers with joules, by domain and system."""

    energy_j: NDArray[np.float64]
    """Shape (1 + draws, domains, systems): as they were asked, then over items drawn again."""
    correct: NDArray[np.float64]
    """The same shape."""

    @classmethod
    def drawn(cls, measured: Measured) -> _Sums:
        """Take the sums of a run, and of its bootstrap draws."""
        basis = measured.basis
        kinds = ("energy_j", "correct")
        return cls(*(np.concatenate((basis.totals[kind][None], basis.drawn.of(kind))) for kind in kinds))


def _comparisons(
    measured: Measured, name: str, home: str, generalists: Sequence[str], sums: _Sums
) -> Iterable[SpecialistComparison]:
    specialist_column = measured.table.column(name)
    for at_home in (True, False):
        table = measured.table
        here = (table.domains.are(home) == at_home) & (table.trials[:, specialist_column] > 0)
        shares = {
            each: float(table.correct[here, column].sum() / trials)
            for each in generalists
            if (trials := table.trials[here, (column := table.column(each))].sum()) > 0
        }
        if not shares:
            continue
        best = max(shares, key=lambda each: shares[each])
        both = table.where(here & (table.trials[:, table.column(best)] > 0))
        domains = [index for index, domain in enumerate(measured.basis.domains) if (domain == home) == at_home]
        yield _comparison(
            measured, name, best, both, _Sums(sums.energy_j[:, domains], sums.correct[:, domains]), at_home
        )


def _comparison(
    measured: Measured, name: str, other: str, table: ItemTable, sums: _Sums, at_home: bool
) -> SpecialistComparison:
    columns = [table.column(each) for each in (name, other)]
    means = [float(table.correct[:, column].sum() / table.trials[:, column].sum()) for column in columns]
    accuracies = np.clip(means, 0.0, 1.0).tolist()
    difference = accuracy_difference(table, name, other)
    assert difference is not None  # there are items that both answered
    (our_j, their_j), (our_correct, their_correct) = (
        kind[:, :, columns].sum(axis=1).T for kind in (sums.energy_j, sums.correct)
    )
    reason = _why_not(measured, name, other, float(their_j[0]), float(our_correct[0]), float(their_correct[0]))
    times = None
    if not reason:
        # (ours / correct) / (theirs / correct) as one ratio: nothing correct in a draw is infinitely dear.
        times_draws = ratios(our_j * np.maximum(their_correct, 0.0), our_correct * their_j)
        times = percentile_interval(float(times_draws[0]), times_draws[1:], few=len(table.domains) < 2)
    return SpecialistComparison(
        at_home=at_home,
        items=len(table.domains),
        accuracy=accuracies[0],
        generalist=other,
        generalist_accuracy=accuracies[1],
        difference=difference,
        j_per_correct=_over(our_j[0], our_correct[0]),
        generalist_j_per_correct=_over(their_j[0], their_correct[0]),
        times_the_joules=times,
        reason=reason,
    )


def _over(joules: float, correct: float) -> float | None:
    return float(joules / correct) if correct > 0 else None


def _why_not(
    measured: Measured, name: str, other: str, their_j: float, our_correct: float, their_correct: float
) -> str:
    reason = measured.why_joules_not_comparable(name, other)
    if reason:
        return reason
    if not their_j:
        return f"{other} has no joules on these items"
    wrong = [each for each, correct in ((name, our_correct), (other, their_correct)) if correct <= 0]
    return f"{' and '.join(wrong)} answered nothing correctly" if wrong else ""
