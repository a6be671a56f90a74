"""Money of a run, restated whenever it is read: what its systems cost for each request and each correct answer.

model.py   the figures
"""

from wattbench_reports.metrics.money.model import UNNAMED, RunMoney, SystemMoney

__all__ = ["UNNAMED", "RunMoney", "SystemMoney"]
