"""Many runs as one history: an index that can be thrown away, trends, change points and alarms.

May import: the record contract, `reports.stats`, `reports.gate`, frames. Must not import panels or pages.
"""

from reports.history.alarms import Alarm, alarms
from reports.history.drift import Drift, drift
from reports.history.load import load_history
from reports.history.model import EVERYWHERE, OUTPUT_TOKENS, History, Night
from reports.history.query import VIEWS, Rows, query
from reports.history.reference import Reference, read_reference
from reports.history.trends import ALPHA, Change, Point, Trend, is_worse, trends

__all__ = [
    "ALPHA",
    "EVERYWHERE",
    "OUTPUT_TOKENS",
    "VIEWS",
    "Alarm",
    "Change",
    "Drift",
    "History",
    "Night",
    "Point",
    "Reference",
    "Rows",
    "Trend",
    "alarms",
    "drift",
    "is_worse",
    "load_history",
    "query",
    "read_reference",
    "trends",
]
