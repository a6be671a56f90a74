"""Sum money by item and system, in the forms that figures, draws and paired comparisons take.

An answer counts for a system's money if all that it cost is known. Where electricity is paid for in addition to a
price, that is an answer with joules; its money and its joules are then of the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.metrics.block_sums import BlockSums
from wattbench_reports.metrics.bootstrap_sums import CombinedDraws
from wattbench_reports.metrics.costs import MONEY, PRICED, PRICED_CORRECT
from wattbench_reports.metrics.domain_sums import Basis, domain_totals
from wattbench_reports.metrics.money.price_bill import Bill
from wattbench_reports.tables.item_matrix import ItemTable
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
    answers: NDArray[np.float64]
    """Shape (answers,): the money of each; NaN where it is not known."""

    @property
    def kinds(self) -> dict[str, NDArray[np.float64]]:
        """Return the kinds of sums that a basis takes."""
        return {MONEY: self.money, PRICED: self.priced, PRICED_CORRECT: self.correct}


def money_sums(frames: Frames, table: ItemTable, bills: Mapping[str, Bill]) -> MoneySums:
    """Sum the bills of a run by item.

    Args:
        frames: the run.
        table: `item_table(frames)`, over all domains.
        bills: of every system; those with a reason why there is none count as nothing.
    """
    column = frames.items["system"].cat.codes.to_numpy().astype(np.int64)
    cell = frames.row_of_answer * len(frames.systems) + column
    metered = np.isfinite(frames.items["energy_j"].to_numpy(dtype=np.float64))
    scores = np.nan_to_num(frames.items["correct"].to_numpy(dtype=np.float64))
    counts = np.zeros(len(column), dtype=bool)
    paid: dict[str, NDArray[np.float64]] = {}
    for number, name in enumerate(frames.systems):
        bill = bills[name]
        if bill.why_none:
            continue
        rows = column == number
        counts |= rows & (metered | (not bill.pays_electricity))
        for part, money in bill.parts.items():
            paid.setdefault(part, np.zeros(len(column)))[rows] = money

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        kept = np.where(counts, values, 0.0)
        sums = np.bincount(cell, weights=kept, minlength=table.trials.size).astype(np.float64)
        return sums.reshape(table.trials.shape)

    parts = {part: total(money) for part, money in paid.items()}
    answers = sum(paid.values(), start=np.zeros(len(column)))
    return MoneySums(
        money=sum(parts.values(), start=np.zeros(table.trials.shape)),
        priced=total(np.ones(len(column))),
        correct=total(scores),
        parts=parts,
        answers=np.where(counts, answers, np.nan),
    )


def charged_kinds(frames: Frames, table: ItemTable, bills: Mapping[str, Bill]) -> dict[str, NDArray[np.float64]]:
    """Return the kinds of sums of all money but that of electricity; empty where no system pays for more than that.

    They do not depend on whether electricity has a price, so that a page restates them for one.

    Args:
        frames: the run.
        table: as in `money_sums`.
        bills: of every system, as `bills_of` returns them.
    """
    some = any(bill.currency is not None and not bill.why_none for bill in bills.values())
    return money_sums(frames, table, bills).kinds if some else {}


def money_table(table: ItemTable, sums: MoneySums, per_joule: NDArray[np.float64]) -> ItemTable:
    """Return the item table with money in place of joules: what compares joules then compares money.

    Args:
        table: the items.
        sums: their money.
        per_joule: shape (systems,): what a joule costs a system; 0 where it does not pay for them.
    """
    return replace(
        table,
        energy_j=sums.money + np.where(sums.priced > 0, per_joule * table.energy_j, 0.0),
        metered=sums.priced,
        metered_correct=sums.correct,
    )


def money_basis(basis: Basis, table: ItemTable, per_joule: NDArray[np.float64]) -> Basis:
    """Return a basis with money in place of joules, from the very sums and draws of another.

    Args:
        basis: of the run; with the kinds of `MoneySums` where some system pays for more than electricity. They may hold
            money of systems that have none in the table, as they do not depend on the price of electricity.
        table: from `money_table`.
        per_joule: as there.
    """
    known = table.metered.sum(axis=0) > 0

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return domain_totals(table, basis.domains, values)

    def as_joules(sums: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        money = np.where(known, per_joule, 0.0) * sums["energy_j"]
        if MONEY in sums:
            return {
                "energy_j": np.where(known, sums[MONEY], 0.0) + money,
                "correct": np.where(known, sums[PRICED_CORRECT], 0.0),
            }
        return {"energy_j": money, "correct": np.where(known, sums["correct"], 0.0)}

    drawn = as_joules({kind: basis.drawn.of(kind) for kind in basis.drawn.kinds})
    blocks = None if basis.blocks is None else dict(basis.blocks.kinds)
    if blocks is not None:
        counted = np.where(known, blocks.get(PRICED, blocks["metered"]), 0.0)
        blocks |= {**as_joules(blocks), "metered": counted}
    return replace(
        basis,
        metered_items=total((table.metered > 0).astype(np.float64)),
        metered=total(table.metered),
        totals=as_joules(basis.totals),
        energy_squares=total(table.energy_j**2),
        drawn=CombinedDraws(basis.systems, basis.domains, {}, drawn),
        blocks=None if blocks is None else BlockSums(blocks),
    )
