"""Show the progress of a run, and how long it will take."""

from wattbench.progress.display import Display, NotesAlone, Progress, progress
from wattbench.progress.remaining import PlannedTurn, Remaining, TimeLeft
from wattbench.progress.surfaces import Log, Notebook, Terminal, in_notebook

__all__ = [
    "Display",
    "Log",
    "Notebook",
    "NotesAlone",
    "PlannedTurn",
    "Progress",
    "Remaining",
    "Terminal",
    "TimeLeft",
    "in_notebook",
    "progress",
]
