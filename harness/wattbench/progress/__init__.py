"""Show the progress of a run, and how long it will take."""

from wattbench.progress.remaining import PlannedTurn, Remaining, TimeLeft
from wattbench.progress.surfaces import Display, Log, Notebook, Progress, Terminal, in_notebook, progress

__all__ = [
    "Display",
    "Log",
    "Notebook",
    "PlannedTurn",
    "Progress",
    "Remaining",
    "Terminal",
    "TimeLeft",
    "in_notebook",
    "progress",
]
