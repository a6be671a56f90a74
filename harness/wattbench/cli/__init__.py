"""The command line: one file per command, which parses options and prints; the work is done by `wattbench.api`.

What a command needs is imported inside it, so that `wattbench --help` answers at once.
"""

from wattbench.cli import (
    calibrate,
    compare,
    family,
    gate,
    history,
    import_export,
    init,
    items,
    lists,
    merge,
    nightly,
    plan,
    rescore,
    route,
    router,
    run,
    tasks,
    verify,
)
from wattbench.cli._group import main

__all__ = [
    "calibrate",
    "compare",
    "family",
    "gate",
    "history",
    "import_export",
    "init",
    "items",
    "lists",
    "main",
    "merge",
    "nightly",
    "plan",
    "rescore",
    "route",
    "router",
    "run",
    "tasks",
    "verify",
]
