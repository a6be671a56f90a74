"""Money of a run, restated whenever it is read: what its systems cost for each request and each correct answer.

    model.py          the figures
    prices.py         the price of each system: as the suite recorded it, or as the reader has it
    machine_time.py   seconds for which an answer occupied its machine
    bills.py          what each answer cost by its price
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
