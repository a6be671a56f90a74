"""Keep a history: a folder of runs, one per night.

May import: the record contract, `wattbench.config` and below. Must not import `wattbench_reports`.
"""

from wattbench.nights.add import Added, Filled, add_runs, backfill
from wattbench.nights.nights import (
    KeptRun,
    NightsLayout,
    commits_since,
    commits_with_a_night,
    keep_verdict,
    kept_runs,
    kept_verdicts,
    night_before,
    tonight,
)
from wattbench.nights.retention import Decision, Keep, prune, rebuilt

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
