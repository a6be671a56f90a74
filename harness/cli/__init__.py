"""The command line: the only place that knows both `harness` and `reports`.

Everything heavy is imported inside the command that needs it, so that `wattbench --help` answers at once.
"""

from harness.cli import calibrating, family, gating, history, inout, nightly, reading, running
from harness.cli.command import main

__all__ = ["calibrating", "family", "gating", "history", "inout", "main", "nightly", "reading", "running"]
