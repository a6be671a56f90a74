"""What the answers of a run are paid for with: bills, electricity, and money per request and per correct answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattbench_reports.comparison.measured import Measured
from wattbench_reports.comparison.read_run import ReadRun
from wattbench_reports.metrics.costs import Costs
from wattbench_reports.metrics.money import RunMoney
from wattbench_reports.metrics.money.bills import bills_of
from wattbench_reports.metrics.money.money_sums import MoneySums, answers_money, charged_sums, money_sums
from wattbench_reports.metrics.money.price_bill import Bill
from wattbench_reports.metrics.money.prices import Prices, prices_of
from wattbench_reports.metrics.money.run_money import MoneyFigures, Tariff, money_figures, tariff
from wattbench_reports.metrics.workload import Workload
from wattbench_reports.tables.run_tables import Frames


@dataclass(frozen=True)
class ItemMoney:
    """The money of each item, before it is summed by domain."""

    pue: float
    """What the building draws for each watt."""
    prices: Prices
    """The reader's, else those of the suite."""
    charges: Mapping[str, Bill]
    """What each system's answers cost by its own price, whatever electricity costs."""
    charged: MoneySums | None
    """What the bills of `charges` add up to by item; None where no system pays for more than electricity."""
    tariff: Tariff | None
    """What is to be paid, and in which currency; None: no system has a price, a declared cost, or priced joules."""
    bills: MoneySums | None
    """Money of each item; None as for `tariff`. Often the same as `charged`."""

    @property
    def kinds(self) -> Mapping[str, NDArray[np.float64]]:
        """Return the sums by kind, as a basis takes them."""
        return {} if self.charged is None else self.charged.kinds


@dataclass(frozen=True)
class Paid(ItemMoney):
    """The money of a run, item by item and of each system."""

    figures: MoneyFigures | None = None
    """None as for `tariff`."""

    @property
    def money(self) -> RunMoney | None:
        """Return each system's money; None as for `tariff`."""
        return None if self.figures is None else self.figures.money

    @property
    def costs(self) -> Costs | None:
        """Return money as a cost that is to be minimised; None as for `tariff`."""
        return None if self.figures is None else self.figures.costs

    def money_of(self, measured: Measured, domain: str) -> RunMoney | None:
        """Return each system's money over the items of one domain; None as for `tariff`."""
        if self.bills is None or self.tariff is None:
            return None
        share = measured.basis.share_of(domain)
        return money_figures(measured.basis, measured.table, self.bills, self.tariff, share).money

    def answers_money(self, frames: Frames, rows: slice) -> NDArray[np.float64]:
        """Return the money of each answer in a slice of rows: see `wattbench_reports.metrics.money.money_sums`."""
        if self.bills is None or self.tariff is None:
            return np.full(rows.stop - rows.start, np.nan)
        return answers_money(frames, self.tariff.bills, self.tariff.per_joule, rows)


def item_money(read: ReadRun, workload: Workload, pue: float, choice: Iterable[str] = ()) -> ItemMoney:
    """Add up the bills of a run by item.

    Args:
        read: the run.
        workload: with the price of electricity.
        pue: what the building draws for each watt.
        choice: the reader's prices, in place of the suite's.

    Raises:
        UserError: a price is wrong.
    """
    frames, table = read.frames, read.table
    prices = prices_of(frames.record.suite, frames.systems, choice)
    bills = bills_of(frames, prices)
    has_joules = {name: bool(table.metered[:, column].any()) for column, name in enumerate(frames.systems)}
    rates = tariff(bills, has_joules, workload, pue)
    charged = charged_sums(frames, table, bills)
    same = charged is not None and rates is not None and all(rates.bills[name] is bills[name] for name in bills)
    paid = None if rates is None else charged if same else money_sums(frames, table, rates.bills)
    return ItemMoney(pue, prices, bills, charged, rates, paid)


def pay(measured: Measured, items: ItemMoney) -> Paid:
    """State the money of a run for its mix of domains."""
    rates, figures = items.tariff, None
    if rates is not None and items.bills is not None:
        frames, table, overall = measured.frames, measured.table, measured.overall
        every = None if overall is table else (overall, money_sums(frames.overall, overall, rates.bills))
        figures = money_figures(measured.basis, table, items.bills, rates, measured.shares, every)
    return Paid(**vars(items), figures=figures)
