"""Compute the money of a run: which systems have a cost in its currency, and how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparability.joules import NO_JOULES
from wattbench_reports.metrics.carbon import JOULES_PER_KWH
from wattbench_reports.metrics.costs import MONEY, Costs, CostUnit, known_of, mean_of_kind
from wattbench_reports.metrics.domain_sums import Basis, DomainTotals, Shares
from wattbench_reports.metrics.money.bills import leading_currency
from wattbench_reports.metrics.money.model import ELECTRICITY, RunMoney, SystemMoney
from wattbench_reports.metrics.money.money_sums import MoneySums, money_basis, money_table
from wattbench_reports.metrics.money.price_bill import Bill
from wattbench_reports.metrics.ratio_intervals import intervals
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.stats import Interval
from wattbench_reports.tables.item_matrix import ItemTable


@dataclass(frozen=True)
class Tariff:
    """Bills, prices and currency, before any answer is summed."""

    currency: str
    bills: Mapping[str, Bill]
    """Of every system, with a reason for those that have no cost in the currency of the run."""
    per_joule: NDArray[np.float64]
    """Shape (systems,): what a joule costs a system; 0 for one that does not pay for its joules."""
    priced: bool
    """Some system pays for more than electricity."""
    notes: tuple[str, ...]


def tariff(bills: Mapping[str, Bill], metered: Mapping[str, bool], workload: Workload, pue: float) -> Tariff | None:
    """Settle the currency of a run, and which systems have a cost in it.

    The currency is that of most systems. A system that is billed in another one has no cost here: amounts of two
    currencies are never compared or added.

    Args:
        bills: of every system, in the order of the suite.
        metered: whether a system has joules.
        workload: with the price of electricity.
        pue: what the building draws for each watt.

    Returns:
        None where no system has a price, a declared cost, or joules that have a price.
    """
    kwh, systems = workload.price_per_kwh, list(bills)
    currency = leading_currency(list(bills.values()), workload.currency if kwh is not None else None)
    if currency is None:
        return None
    settled = {name: _settled(bill, metered[name], currency, workload) for name, bill in bills.items()}
    per_kwh = np.array([kwh or 0.0 if settled[name].pays_electricity else 0.0 for name in systems])
    return Tariff(
        currency,
        settled,
        per_kwh * (pue / JOULES_PER_KWH),
        any(bill.currency is not None and not bill.why_none for bill in settled.values()),
        tuple(note for bill in settled.values() for note in bill.notes),
    )


def _settled(bill: Bill, metered: bool, currency: str, workload: Workload) -> Bill:
    if bill.why_none:
        return bill
    why = ""
    if bill.currency not in (None, currency):
        why = f"it is billed in {bill.currency}, and most of the others in {currency}"
    elif bill.pays_electricity:
        why = _why_no_electricity(bill, metered, currency, workload)
    return bill.without(why) if why else bill


def _why_no_electricity(bill: Bill, metered: bool, currency: str, workload: Workload) -> str:
    alone = bill.currency is None
    if not metered:
        return f"it has no price, no declared cost and {NO_JOULES}" if alone else "it pays for its joules, and has none"
    if workload.price_per_kwh is None:
        start = "it has no price" if alone else "it pays for its joules"
        return f"{start}, and electricity has no price (workload.price_per_kwh)"
    if workload.currency != currency:
        return f"its electricity is priced in {workload.currency}, and most of the others are billed in {currency}"
    return ""


def money_costs(basis: Basis, rates: Tariff) -> Costs:
    """Return money as a cost that is linear in the kinds of a basis."""
    missing = {name: bill.why_none for name, bill in rates.bills.items() if bill.why_none}
    known = known_of(basis.systems, missing)
    parts = {MONEY: known} if MONEY in basis.totals else {}
    return Costs(CostUnit.MONEY, rates.currency, {**parts, "energy_j": known * rates.per_joule}, missing)


@dataclass(frozen=True)
class MoneyFigures:
    """Money of a run, and what it was computed from."""

    money: RunMoney
    costs: Costs
    table: ItemTable
    """The items, with money in place of joules."""
    overall: ItemTable
    """The same for figures over all domains. It differs where rows are pools of items."""
    basis: Basis
    """Of that table, with the draws of the run's."""


def money_figures(
    basis: Basis,
    table: ItemTable,
    sums: MoneySums,
    rates: Tariff,
    shares: Shares | None,
    overall: tuple[ItemTable, MoneySums] | None = None,
) -> MoneyFigures:
    """Return each system's money.

    Args:
        basis: of the run, with `sums.kinds` where `rates.priced`.
        table: its items.
        sums: their money.
        rates: from `tariff`.
        shares: the mix of domains; None: every answer counts the same.
        overall: the items and their money for figures over all domains, where they are not the same.
    """
    as_money = money_table(table, sums, rates.per_joule)
    base = money_basis(basis, as_money, rates.per_joule)
    totals = DomainTotals(table, basis.domains)
    paid = {part: totals.of(money) for part, money in sums.parts.items()}
    paid[ELECTRICITY] = totals(lambda system: as_money.energy_j[:, system] - sums.money[:, system])
    parts = {part: mean_of_kind(money, base.metered, shares) for part, money in paid.items()}
    both = [intervals(base, {"energy_j": 1.0}, shares, per_correct=each) for each in (False, True)]
    systems = {
        name: _system(rates.bills[name], pair, {part: float(each[column]) for part, each in parts.items()})
        for column, (name, *pair) in enumerate(zip(basis.systems, *both, strict=True))
    }
    every = as_money if overall is None else money_table(*overall, rates.per_joule)
    return MoneyFigures(
        RunMoney(rates.currency, systems, rates.notes), money_costs(basis, rates), as_money, every, base
    )


def _system(bill: Bill, pair: Sequence[Interval | None], parts: Mapping[str, float]) -> SystemMoney:
    of_request, of_correct = pair
    known = of_request is not None
    return SystemMoney(
        of_request,
        of_correct,
        {part: money for part, money in parts.items() if money} if known else {},
        bill.source,
        bill.date,
        bill.why_none or ("" if known else "it answered nothing in a domain that has a share"),
        bill.pays_electricity,
    )
