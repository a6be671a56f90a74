"""Many runs as one history: an index that can be thrown away, trends, change points and alarms.

May import: the record contract, `wattbench_reports.stats`, `wattbench_reports.gate`, frames. Must not import panels or
pages.
"""

from wattbench_reports.history.alarms import Alarm, alarms
from wattbench_reports.history.loader import load_history, read_reference
from wattbench_reports.history.model import (
    EVERYWHERE,
    Change,
    History,
    Night,
    Reference,
    Trend,
    TrendPoint,
)
from wattbench_reports.history.night_changes import NightChange, night_changes
from wattbench_reports.history.sql import VIEWS, Rows, query
from wattbench_reports.history.trends import is_worse, trends

__all__ = [
    "EVERYWHERE",
    "VIEWS",
    "Alarm",
    "Change",
    "History",
    "Night",
    "NightChange",
    "Reference",
    "Rows",
    "Trend",
    "TrendPoint",
    "alarms",
    "is_worse",
    "load_history",
    "night_changes",
    "query",
    "read_reference",
    "trends",
]
