"""Show the progress of a run, and how long it will take."""

from wattbench.progress.display import LiveProgress, NotesAlone, PlainProgress, Progress, progress
from wattbench.progress.remaining import PlannedTurn, Remaining, TimeLeft

__all__ = [
    "LiveProgress",
    "NotesAlone",
    "PlainProgress",
    "PlannedTurn",
    "Progress",
    "Remaining",
    "TimeLeft",
    "progress",
]
