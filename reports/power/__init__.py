"""The power traces of a run: watts over time, cell by cell, with the windows that were judged on them.

May import `reports.compare` and what lies below it. Holds one cell's readings at a time, thinned before the next.
"""

from reports.power.cells import BUDGET_BYTES, POINTS, CellPower, SystemPower, WindowPower, has_traces, system_powers
from reports.power.lines import Line, read_lines, thinned

__all__ = [
    "BUDGET_BYTES",
    "POINTS",
    "CellPower",
    "Line",
    "SystemPower",
    "WindowPower",
    "has_traces",
    "read_lines",
    "system_powers",
    "thinned",
]
