"""Compute after how many correct answers a system has saved the joules, and the money, of its training.

Each is compared with every other system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.analyses.training_cost import Training, in_use, training_money, trainings
from wattbench_reports.comparability.joules import same_provenance
from wattbench_reports.comparison.emitted import Emitted
from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.paid import Paid
from wattbench_reports.comparison.paired_tests import EqualPairs
from wattbench_reports.comparison.ties import accuracy_rivals
from wattbench_reports.stats import resampled_sums
from wattbench_reports.stats.block_ratios import ratios
from wattbench_reports.stats.bootstrap import percentile_interval
from wattbench_reports.stats.budgets import BREAK_EVEN_UNITS, SEED
from wattbench_reports.stats.intervals import Interval
from wattbench_reports.tables import provenance
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class MoneyBreakEven:
    """After how many correct answers a training has paid for itself in money."""

    outlay: float | None
    """Money of the training minus that of the other one's, in the currency of the run; None where one is not known."""
    payback: Payback | None
    """As `BreakEven.payback`."""
    reason: str
    """Why there is no `payback`; empty where there is one."""

    @property
    def ahead(self) -> bool:
        """Return whether the outlay is less than 0."""
        return self.outlay is not None and self.outlay < 0


@dataclass(frozen=True)
class BreakEven:
    """A trained system against another one."""

    system: str
    against: str
    domain: str | None
    """A specialist is only run in its domain, and so compared over its items; None is all items."""
    outlay_j: float | None
    """Joules of its training minus those of the other one's; None where one of them is not known."""
    payback: Payback | None
    """Where the outlay is 0 or more: the correct answers after which it is saved. Where it is less, the system is
    ahead from its first answer, and this is when the *other* one catches up: infinite means never."""
    ahead: bool
    """The outlay is less than 0."""
    reason: str
    """Why there is no `payback`; empty where there is one."""
    provenance: str
    """Of the joules of the two trainings; and then of the answers."""
    answers_provenance: str
    rival: bool
    """The other one is the strongest alternative: of the systems that are not shown to be less accurate over the same
    items, and whose joules may be compared, it has the fewest joules per correct answer."""
    money: MoneyBreakEven | None = None
    """None where no system of the run has a cost."""

    @property
    def declared(self) -> bool:
        """Return whether declared joules are compared with joules that were measured here."""
        return provenance.is_declared(self.provenance)


def break_evens(measured: Measured, paid: Paid, emitted: Emitted) -> tuple[BreakEven, ...]:
    """Compare each trained system with every other system except yardsticks, in the order of the run.

    N = (E this - E other) / (J other - J this), with E the joules of training and J those of a correct answer. A
    system without a training on record counts as one that took none. Both are taken over the same items, and the
    interval is a paired bootstrap over them.
    """
    trained = {each.system: each for each in trainings(measured, emitted)}
    names, sums = in_use(measured), _SharedSums(measured.table, measured.overall)
    amounts = None if paid.figures is None else _SharedSums(paid.figures.table, paid.figures.overall)
    rows = measured.frames.run.systems()
    pairs = []
    for name in trained:
        domain = rows[name].domain if rows[name].domain in measured.by_domain else None
        others = [other for other in names if other != name]
        rival = _rival(measured, sums.table(domain), name, domain, others)
        for other in others:
            pair = _pair(measured, sums, trained, name, other, domain, other == rival)
            money = None if amounts is None else _money(measured, paid, amounts, trained, pair)
            pairs.append(replace(pair, money=money))
    return tuple(pairs)


def _money(
    measured: Measured, paid: Paid, amounts: _SharedSums, trained: Mapping[str, Training], pair: BreakEven
) -> MoneyBreakEven | None:
    if paid.money is None:
        return None
    names = (pair.system, pair.against)
    (first, why_first), (second, why_second) = (training_money(measured, paid, trained.get(each)) for each in names)
    outlay = None if first is None or second is None else first - second
    reason = next(filter(None, [why_first, why_second, *(paid.money.systems[each].why_none for each in names)]), "")
    if outlay is None or reason:
        return MoneyBreakEven(outlay, None, reason)
    payback = _payback(amounts, *names, pair.domain, outlay)
    reason = "" if payback is not None else _nothing(amounts, *names, pair.domain, "a cost")
    return MoneyBreakEven(outlay, payback, reason)


@dataclass
class _Drawn:
    """Joules and correct answers of all systems over some items, and over bootstrap draws of the same items."""

    items: int
    energy_j: NDArray[np.float64]
    correct: NDArray[np.float64]
    energy_draws: NDArray[np.float64]
    correct_draws: NDArray[np.float64]


@dataclass
class _SharedSums:
    """Bootstrap draws of items, made once for all pairs of systems that answered the same items."""

    all_items: ItemTable
    overall: ItemTable
    """For all domains together."""
    _tables: dict[str | None, ItemTable] = field(default_factory=dict)
    _drawn: dict[tuple[str | None, bytes], _Drawn] = field(default_factory=dict)

    def table(self, domain: str | None) -> ItemTable:
        if domain not in self._tables:
            self._tables[domain] = self.overall if domain is None else self.all_items.of_domain(domain)
        return self._tables[domain]

    def of(self, domain: str | None, first: int, second: int) -> _Drawn | None:
        """Return the sums over the items for which both columns have joules; None without any."""
        table = self.table(domain)
        shared = (table.metered[:, first] > 0) & (table.metered[:, second] > 0)
        if not shared.any():
            return None
        key = (domain, np.packbits(shared).tobytes())
        if key not in self._drawn:
            energy_j, correct = table.energy_j[shared], table.metered_correct[shared]
            draws = resampled_sums(energy_j, correct, seed=SEED, max_units=BREAK_EVEN_UNITS)
            self._drawn[key] = _Drawn(len(energy_j), energy_j.sum(axis=0), correct.sum(axis=0), *draws)
        return self._drawn[key]


def _pair(
    measured: Measured,
    sums: _SharedSums,
    trained: Mapping[str, Training],
    name: str,
    other: str,
    domain: str | None,
    rival: bool,
) -> BreakEven:
    labels = [trained[each].provenance for each in (name, other) if each in trained]
    spent = [trained[each].energy_j if each in trained else 0.0 for each in (name, other)]
    outlay_j = None if spent[0] is None or spent[1] is None else spent[0] - spent[1]
    ahead = outlay_j is not None and outlay_j < 0
    payback, reason = None, _why_not(measured, trained, name, other)
    if outlay_j is not None and not reason:
        payback = _payback(sums, name, other, domain, outlay_j)
        reason = "" if payback is not None else _nothing(sums, name, other, domain)
    return BreakEven(
        name,
        other,
        domain,
        outlay_j,
        payback,
        ahead,
        reason,
        provenance.joined(labels),
        provenance.joined(measured.systems[each].provenance for each in (name, other)),
        rival,
    )


def _payback(sums: _SharedSums, name: str, other: str, domain: str | None, outlay_j: float) -> Payback | None:
    first, second = (sums.all_items.column(each) for each in (name, other))
    drawn = sums.of(domain, first, second)
    if drawn is None:
        return None
    payer, saver = (second, first) if outlay_j < 0 else (first, second)
    totals = [(float(drawn.energy_j[column]), float(drawn.correct[column])) for column in (payer, saver)]
    draws = [(drawn.energy_draws[:, column], drawn.correct_draws[:, column]) for column in (payer, saver)]
    return paid_back(abs(outlay_j), totals[0], totals[1], draws[0], draws[1], items=drawn.items)


def _nothing(sums: _SharedSums, name: str, other: str, domain: str | None, what: str = "joules") -> str:
    columns = {each: sums.all_items.column(each) for each in (name, other)}
    drawn = sums.of(domain, *columns.values())
    if drawn is None:
        return f"no item has {what} of both"
    silent = [each for each, column in columns.items() if drawn.correct[column] <= 0]
    return f"nothing answered correctly by {' and '.join(silent)}"


def _why_not(measured: Measured, trained: Mapping[str, Training], name: str, other: str) -> str:
    """Return why the joules of two trainings and of two systems may not be compared; empty where they may."""
    reason = measured.why_joules_not_comparable(name, other)
    if reason:
        return reason
    for each in (name, other):
        if each in trained and trained[each].energy_j is None:
            return "the joules of its training are not known" if each == name else f"those of {each} are not known"
    labels = {each: trained[each].provenance for each in (name, other) if each in trained}
    answers = measured.systems[name].provenance
    if not same_provenance((answers, *labels.values())):
        trainings_said = ", ".join(f"{label} for the training of {each}" for each, label in labels.items() if label)
        return f"their joules differ in provenance: {trainings_said}, {answers} for the answers"
    return ""


def _rival(measured: Measured, table: ItemTable, name: str, domain: str | None, others: list[str]) -> str | None:
    figures = measured.systems if domain is None else measured.by_domain[domain]
    joules = {
        other: per_correct.estimate
        for other in others
        if (per_correct := figures[other].j_per_correct) is not None and measured.joules_comparable(name, other)
    }
    compared = accuracy_rivals(EqualPairs(table), name, list(joules), detectable=False)
    as_accurate = [each.system for each in compared if each.difference is not None and not each.beaten]
    return min(as_accurate, key=lambda other: joules[other], default=None)


@dataclass(frozen=True)
class Payback:
    """When an outlay has paid for itself."""

    answers: Interval
    """Correct answers. Infinite is never: so may be the upper bound alone, and the estimate."""
    probability: float
    """That it ever does, over other items of this kind."""


def paid_back(
    outlay_j: float,
    ours: tuple[float, float],
    theirs: tuple[float, float],
    our_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    their_draws: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    items: int,
) -> Payback | None:
    """Return outlay / (their joules per correct answer - ours), bootstrapped over the same items for both.

    A resample in which ours are not fewer counts as infinite: there the outlay is never saved. The ratio's denominator
    may be zero or less, which a normal interval cannot say.

    Args:
        outlay_j: joules spent before the first answer.
        ours: (joules, correct answers), over all items.
        theirs: the same of the other system.
        our_draws: the same two over the drawn items, each of shape (resamples,).
        their_draws: the same of the other system, draw by draw.
        items: how many there are.

    Returns:
        None where one of the two answered nothing correctly: there is nothing to set against.
    """
    if ours[1] <= 0 or theirs[1] <= 0:
        return None
    draws = _answers(outlay_j, *our_draws, *their_draws)
    estimate = float(_answers(outlay_j, *(np.array([total]) for total in (*ours, *theirs)))[0])
    interval = percentile_interval(estimate, draws, few=items < 2)
    return Payback(interval, float(np.isfinite(draws).mean()))


def _answers(
    outlay_j: float,
    our_j: NDArray[np.float64],
    our_correct: NDArray[np.float64],
    their_j: NDArray[np.float64],
    their_correct: NDArray[np.float64],
) -> NDArray[np.float64]:
    ours, theirs = ratios(our_j, our_correct), ratios(their_j, their_correct)
    # Where both are infinite neither answered correctly, and nothing was saved.
    saved = np.subtract(theirs, ours, out=np.full(len(ours), -np.inf), where=np.isfinite(ours))
    return ratios(np.full(len(ours), outlay_j), np.maximum(saved, 0.0))
