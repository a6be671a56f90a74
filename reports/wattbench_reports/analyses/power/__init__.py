"""Read the power traces of a run: watts over time, cell by cell, with their windows.

May import `wattbench_reports.comparison.analysis` and what lies below it. Holds one cell's readings at a time, thinned
before the next.
"""

from wattbench_reports.analyses.power.cells import (
    BUDGET_BYTES,
    POINTS,
    CellPower,
    SystemPower,
    WindowPower,
    has_traces,
    system_powers,
)
from wattbench_reports.analyses.power.power_lines import PowerLine, read_lines, thinned

__all__ = [
    "BUDGET_BYTES",
    "POINTS",
    "CellPower",
    "PowerLine",
    "SystemPower",
    "WindowPower",
    "has_traces",
    "read_lines",
    "system_powers",
    "thinned",
]
