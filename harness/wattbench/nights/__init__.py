"""Keep a history: a folder of runs, one per night.

May import: the record contract, `wattbench.config` and below. Must not import `wattbench_reports`.
"""

from wattbench.nights.add import Added, add_runs
from wattbench.nights.backfill import Filled, backfill
from wattbench.nights.commits_since import commits_since, night_before
from wattbench.nights.layout import NightsLayout
from wattbench.nights.nights import KeptRun, commits_with_a_night, keep_verdict, kept_runs, kept_verdicts, tonight
from wattbench.nights.retention import Decision, Keep, prune
from wattbench.nights.site import rebuilt

__all__ = [
    "Added",
    "Decision",
    "Filled",
    "Keep",
    "KeptRun",
    "NightsLayout",
    "add_runs",
    "backfill",
    "commits_since",
    "commits_with_a_night",
    "keep_verdict",
    "kept_runs",
    "kept_verdicts",
    "night_before",
    "prune",
    "rebuilt",
    "tonight",
]
