"""Sum money by item and system, in the forms that figures, draws and paired comparisons take.

An answer counts for a system's money if all that it cost is known. Where electricity is paid for in addition to a
price, that is an answer with joules; its money and its joules are then of the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.bootstrap_sums import CombinedDraws
from wattbench_reports.metrics.costs import MONEY, PRICED, PRICED_CORRECT
from wattbench_reports.metrics.domain_sums import Basis, BlockSums, DomainTotals
from wattbench_reports.metrics.money.price_bill import Bill
from wattbench_reports.metrics.other_work import TOO_MANY
from wattbench_reports.tables.item_matrix import ItemTable, item_sums
from wattbench_reports.tables.item_rows import Rows
from wattbench_reports.tables.run_tables import Frames


@dataclass(frozen=True)
class MoneySums:
    """Money of each item and system, electricity not included. All arrays of shape (items, systems)."""

    money: NDArray[np.float64]
    priced: NDArray[np.float64]
    """How many answers it is the money of; 0 for a system whose money is not known."""
    correct: NDArray[np.float64]
    """The sum of the scores of those."""
    parts: Mapping[str, NDArray[np.float64]]
    """The money by what is paid for."""

    @property
    def kinds(self) -> dict[str, NDArray[np.float64]]:
        """Return the sums by kind, as a basis takes them."""
        return {MONEY: self.money, PRICED: self.priced, PRICED_CORRECT: self.correct}


def money_sums(frames: Frames, table: ItemTable, bills: Mapping[str, Bill]) -> MoneySums:
    """Sum the bills of a run by item.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        bills: of every system; those with a reason why there is none count as nothing.
    """
    names = list(dict.fromkeys(part for bill in bills.values() if not bill.why_none for part in bill.parts))

    def of_system(system: str) -> Iterator[NDArray[np.float64]]:
        bill, rows = bills[system], frames.answers_of(system)
        scores = np.nan_to_num(frames.figures("correct", rows))
        counts = _counted(frames, bill, rows)
        yield counts.astype(np.float64)
        yield np.where(counts, scores, 0.0)
        for name in names:
            money = bill.parts.get(name, 0.0) if not bill.why_none else 0.0
            yield np.where(counts, money, 0.0)

    priced, correct, *sums = item_sums(frames, 2 + len(names), of_system)
    if np.array_equal(priced, table.trials) and np.array_equal(correct, table.correct):
        priced, correct = table.trials, table.correct
    parts = dict(zip(names, sums, strict=True))
    money = sums[0] if len(sums) == 1 else sum(sums, start=np.zeros(priced.shape))
    return MoneySums(money=money, priced=priced, correct=correct, parts=parts)


def answers_money(
    frames: Frames, bills: Mapping[str, Bill], per_joule: NDArray[np.float64], rows: slice
) -> NDArray[np.float64]:
    """Return the money of some answers, electricity included, shape (rows,); NaN where it is not known.

    Args:
        frames: the run.
        bills: as in `money_sums`.
        per_joule: as in `money_table`.
        rows: which answers, its two ends given.
    """
    money = np.full(rows.stop - rows.start, np.nan)
    for name, price, of_system in zip(frames.systems, per_joule.tolist(), frames.answers_by_system, strict=True):
        among, here = _within(of_system, rows)
        counts = _counted(frames, bills[name], here)
        paid = sum((part[among] for part in bills[name].parts.values()), start=np.zeros(len(counts)))
        electricity = price * frames.figures("energy_j", here) if price > 0 else 0.0
        places = (
            slice(here.start - rows.start, here.stop - rows.start) if isinstance(here, slice) else here - rows.start
        )
        money[places] = np.where(counts, paid + electricity, np.nan)
    return money


def _within(of_system: Rows, rows: slice) -> tuple[slice, Rows]:
    """Return the answers of a system within some rows: their positions among the system's answers, and their rows."""
    if not isinstance(of_system, slice):
        among = slice(*map(int, np.searchsorted(of_system, (rows.start, rows.stop))))
        return among, of_system[among]
    first = min(max(rows.start, of_system.start), of_system.stop)
    last = max(min(rows.stop, of_system.stop), first)
    return slice(first - of_system.start, last - of_system.start), slice(first, last)


def _counted(frames: Frames, bill: Bill, rows: Rows) -> NDArray[np.bool_]:
    """Return whether the whole cost of each answer of a system is known."""
    metered = np.isfinite(frames.figures("energy_j", rows))
    if bill.why_none:
        return np.zeros_like(metered)
    return metered if bill.pays_electricity else np.ones_like(metered)


def charged_sums(frames: Frames, table: ItemTable, bills: Mapping[str, Bill]) -> MoneySums | None:
    """Return the sums of all money except electricity; None where no system pays for anything else.

    They do not depend on whether electricity has a price, so that a page restates them for one.

    Args:
        frames: the run.
        table: as in `money_sums`.
        bills: of every system, as `bills_of` returns them.
    """
    some = any(bill.currency is not None and not bill.why_none for bill in bills.values())
    return money_sums(frames, table, bills) if some else None


def money_table(table: ItemTable, sums: MoneySums, per_joule: NDArray[np.float64]) -> ItemTable:
    """Return the item table with money in place of joules: what compares joules then compares money.

    Args:
        table: the items.
        sums: their money.
        per_joule: shape (systems,): what a joule costs a system; 0 where it does not pay for them.
    """
    electricity = np.where(sums.priced > 0, per_joule * table.energy_j, 0.0) if per_joule.any() else None
    return replace(
        table,
        energy_j=sums.money if electricity is None else sums.money + electricity,
        metered=sums.priced,
        metered_correct=sums.correct,
    )


def money_basis(basis: Basis, table: ItemTable, per_joule: NDArray[np.float64]) -> Basis:
    """Return a basis with money in place of joules, from the same sums and draws.

    Args:
        basis: of the run; with the kinds of `MoneySums` where some system pays for more than electricity. They may hold
            money of systems that have none in the table, as they do not depend on the price of electricity.
        table: from `money_table`.
        per_joule: as there.
    """
    known, totals = table.metered.sum(axis=0) > 0, DomainTotals(table, basis.domains)

    def as_joules(sums: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        price = np.where(known, per_joule, 0.0)
        too_many = {TOO_MANY: price * sums[TOO_MANY]} if TOO_MANY in sums else {}
        if MONEY in sums:
            return {
                "energy_j": np.where(known, sums[MONEY], 0.0) + price * sums["energy_j"],
                "correct": np.where(known, sums[PRICED_CORRECT], 0.0),
                **too_many,
            }
        return {
            "energy_j": price * sums["energy_j"],
            "correct": np.where(known, sums["correct"], 0.0),
            **too_many,
        }

    def draw() -> CombinedDraws:
        drawn = as_joules({kind: basis.drawn.of(kind) for kind in basis.drawn.kinds})
        return CombinedDraws(basis.systems, basis.domains, {}, drawn)

    blocks = None if basis.blocks is None else dict(basis.blocks.kinds)
    if blocks is not None:
        counted = np.where(known, blocks.get(PRICED, blocks["metered"]), 0.0)
        blocks |= {**as_joules(blocks), "metered": counted}
    return replace(
        basis,
        metered_items=totals(lambda each: table.metered[:, each] > 0),
        metered=totals(lambda each: table.metered[:, each]),
        totals=as_joules(basis.totals),
        energy_squares=totals(lambda each: table.energy_j[:, each] ** 2),
        draw=cache(draw),
        blocks=None if blocks is None else BlockSums(blocks),
    )
