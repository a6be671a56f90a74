"""The command line: one file per command, which parses options and prints; the work is done by `wattbench.api`.

A new command is a file, its name in the imports here, and a place in the order of its group (`_group.py`). What a
command needs is imported inside it, so that `wattbench --help` answers at once.
"""

from wattbench.cli import (
    calibrate,
    compare,
    completion,
    decide,
    gate,
    history,
    init,
    label,
    lists,
    meter,
    nightly,
    plan,
    records,
    rescore,
    route,
    run,
    training,
    view,
)
from wattbench.cli._group import command_at, every_command, main

__all__ = [
    "calibrate",
    "command_at",
    "compare",
    "completion",
    "decide",
    "every_command",
    "gate",
    "history",
    "init",
    "label",
    "lists",
    "main",
    "meter",
    "nightly",
    "plan",
    "records",
    "rescore",
    "route",
    "run",
    "training",
    "view",
]
