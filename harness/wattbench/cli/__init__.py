"""The command line: one file per command, which parses options and prints; the work is done by `wattbench.api`.

What a command needs is imported inside it, so that `wattbench --help` answers at once.
"""

from wattbench.cli import (
    calibrate,
    compare,
    gate,
    history,
    init,
    lists,
    nightly,
    plan,
    records,
    rescore,
    route,
    run,
    training,
    view,
)
from wattbench.cli._group import main

__all__ = [
    "calibrate",
    "compare",
    "gate",
    "history",
    "init",
    "lists",
    "main",
    "nightly",
    "plan",
    "records",
    "rescore",
    "route",
    "run",
    "training",
    "view",
]
