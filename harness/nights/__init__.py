"""A folder of nights: where runs are kept, one a night, and what may be done to it.

May import: the record contract, `harness.config` and below. Must not import `reports`.
"""

from harness.nights.add import Added, add_runs
from harness.nights.backfill import Filled, backfill
from harness.nights.commits import Commit, Repository, repository_of
from harness.nights.layout import NightsLayout
from harness.nights.nights import KeptRun, commits_with_a_night, kept_runs, today
from harness.nights.retention import Fate, Keep, prune
from harness.nights.site import rebuilt
from harness.nights.verdicts import keep_verdict, kept_verdicts

__all__ = [
    "Added",
    "Commit",
    "Fate",
    "Filled",
    "Keep",
    "KeptRun",
    "NightsLayout",
    "Repository",
    "add_runs",
    "backfill",
    "commits_with_a_night",
    "keep_verdict",
    "kept_runs",
    "kept_verdicts",
    "prune",
    "rebuilt",
    "repository_of",
    "today",
]
