"""Compute the money of a run whenever it is read: of each request and each correct answer of its systems.

    model.py          the figures
    prices.py         the price of each system: as the suite recorded it, or as the reader has it
    price_bill.py     what each answer cost by one price; bills.py of all systems
    money_sums.py     that by item, domain, draw and block
    run_money.py      one currency, intervals, and why there is no figure

What a run records are tokens, seconds and joules; money is only ever made here, so that a price can change without a
new run.
"""

from wattbench_reports.metrics.money.model import (
    DECLARED,
    ELECTRICITY,
    MACHINE,
    REQUESTS,
    TOKENS,
    UNNAMED,
    RunMoney,
    SystemMoney,
)

__all__ = ["DECLARED", "ELECTRICITY", "MACHINE", "REQUESTS", "TOKENS", "UNNAMED", "RunMoney", "SystemMoney"]
